"""The two gates of a night: one on the raw tables before the build, one on the marts before publishing.

Great Expectations writes the SQL and DuckDB runs it; no table is ever read into Python.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from valuegap import warehouse
from valuegap.errors import BuildError, GateFailedError, LoadError
from valuegap.night import Night
from valuegap.publish.files import file_sha256
from valuegap.quality import results, validation
from valuegap.quality.results import CheckResult, GateName, GateResult
from valuegap.quality.suites import Severity, Suite, load_suites, parameters
from valuegap.settings import Settings
from valuegap.sources.registry import DECLARED
from valuegap.sources.stream import Stream

RAW_STREAMS: Mapping[str, Stream] = {
    f"raw_{source.name}.{stream.name}": stream for source in DECLARED.values() for stream in source.streams
}
BOOKS = ("ops.field_census", "ops.loads")
AUDITED_TABLES = {
    "raw": f"""select schema_name || '.' || table_name as name from duckdb_tables()
              where starts_with(schema_name, 'raw_') or name in {BOOKS}
              order by all""",  # noqa: S608 - names of ours
    "marts": """select schema_name || '.' || table_name from duckdb_tables()
                where schema_name = 'marts' order by all""",
}
BEFORE = {"raw": "valuegap load", "marts": "valuegap build"}
REMEDY = {
    "raw": "correct the records at the source (the next night brings them)",
    "marts": "correct the model or its input and build again",
}


def run_gate(settings: Settings, night: Night, gate: GateName) -> GateResult:
    """Check every table of one layer and write what was found to `reports/<run_id>/<gate>.json`.

    A raw record is judged by its latest version loaded up to the night, the one staging will read: a
    record corrected at the source no longer fails, and one that is not still does the night after.

    Raises:
        ConfigurationError: A suite is malformed or lost an expectation.
        GateFailedError: A critical check failed, or a table has no suite, or a suite no table.
        WarehouseLockedError: Another process writes the audited file.
        LoadError, BuildError: There is nothing to check yet.
    """
    started = time.monotonic()
    results.discard(settings.reports_dir, night.run_id, ("raw", "marts") if gate == "raw" else (gate,))
    suites = load_suites(settings.expectations_dir / gate, parameters(night))
    file = settings.build_file if gate == "raw" else settings.candidate_file
    with _readable(file, settings, gate):
        audited = file_sha256(file) if gate == "marts" else None
        checks = tuple(_checks(file, settings, night, gate, suites))
    result = GateResult(gate, night.run_id, night.as_of_date, checks, audited, time.monotonic() - started)
    results.write(result, settings.reports_dir)
    if result.critical_failures:
        raise _stop(result)
    return result


@contextmanager
def _readable(file: Path, settings: Settings, gate: GateName) -> Iterator[None]:
    if not file.exists():
        error = LoadError if gate == "raw" else BuildError
        raise error(f"There is no {file} to check.", remedy=f"Run {BEFORE[gate]} first.")
    with warehouse.lease(settings, shared=True), warehouse.duckdb_errors_explained(file):
        yield


def _checks(
    file: Path, settings: Settings, night: Night, gate: GateName, suites: Sequence[Suite]
) -> Iterator[CheckResult]:
    with duckdb.connect(str(file), read_only=True) as database:
        tables = [name for (name,) in database.execute(AUDITED_TABLES[gate]).fetchall()]
    yield from _unmatched(gate, suites, tables)
    with validation.audited(file, settings) as source:
        for suite in suites:
            if suite.table in tables:
                yield from validation.run_suite(source, suite, _scope(suite.table, night))


def _unmatched(gate: GateName, suites: Sequence[Suite], tables: Sequence[str]) -> Iterator[CheckResult]:
    suite_of = {suite.table: suite for suite in suites}
    for table in sorted({*tables} - {*suite_of}):
        yield _missing(
            "", table, "table has a suite", f"No suite in expectations/{gate} names it: nothing checks it."
        )
    for table in sorted({*suite_of} - {*tables}):
        yield _missing(
            suite_of[table].file.name,
            table,
            "table exists",
            "A suite names it, but nothing wrote it: its checks could not run.",
        )


def _missing(suite: str, table: str, title: str, notes: str) -> CheckResult:
    return CheckResult(
        suite=suite,
        table=table,
        type="table_and_suite_match",
        title=title,
        columns=(),
        severity=Severity.CRITICAL,
        success=False,
        notes=notes,
    )


def _scope(table: str, night: Night) -> str:
    stream = RAW_STREAMS.get(table)
    if stream is None:
        known = f" where as_of_date <= date '{night.as_of_date}'" if table in BOOKS else ""
        return f"select * from {table}{known}"  # noqa: S608 - the name of an audited table
    newest = (*filter(None, [stream.version]), "_as_of_date", "_page", "_line")
    return f"""select * from {table} where _as_of_date <= date '{night.as_of_date}'
        qualify row_number() over (
            partition by {", ".join(stream.record_id)}
            order by {", ".join(f"{column} desc nulls last" for column in newest)}
        ) = 1"""  # noqa: S608 - names from the stream's declaration


def _stop(result: GateResult) -> GateFailedError:
    first, *others = result.critical_failures
    count = "" if first.failed_rows is None else f", {first.failed_rows:,} failing rows"
    keys = "; ".join(_row_text(row) for row in first.sample[:3])
    error = f", could not run: {first.error}" if first.error else ""
    more = f" {len(others)} more critical checks failed." if others else ""
    return GateFailedError(
        f"The {result.gate} gate stopped {result.run_id}: {first.table}, {first.title}{count}"
        f"{f' ({keys})' if keys else ''}{error}.{more}",
        remedy="Nothing was published: data/published still holds the last good night. Read the quality"
        f" report, {REMEDY[result.gate]}, or correct expectations/{result.gate}/{first.suite}, then re-run.",
    )


def _row_text(row: Mapping[str, results.Value]) -> str:
    return ", ".join(f"{column}={value}" for column, value in row.items())
