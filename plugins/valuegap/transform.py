"""Raw tables become marts: dbt, in a process of its own, under the lease of the build warehouse.

It runs twice: up to what the models of valuegap.analytics are fitted to, and, once they are, for all else.

dbt runs apart because its adapter keeps the DuckDB file locked for as long as its process lives, and
with an environment of its own because what it does not get it cannot leak.
"""

import hashlib
import json
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from valuegap import custom_fields, warehouse
from valuegap.analytics import driver_importance, purchase_model
from valuegap.errors import BuildError
from valuegap.night import Night
from valuegap.progress import Progress, silent
from valuegap.publish import metric_history
from valuegap.publish.promote import prepare_candidate
from valuegap.raw_values import quoted
from valuegap.reporting_currency import reporting_currency
from valuegap.settings import Settings

HASHED_FOLDERS = ("macros", "models", "seeds")
HASHED_SUFFIXES = {".sql", ".yml", ".csv"}
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")  # nothing else: AIRFLOW_CONN_* holds tokens

# `cautious`: a test runs in the first run if that has all its models, else in the second, and in no other.
FITTED_TO = ("+int_purchase_histories", "+int_driver_answers")
BEFORE_FIT = ("--indirect-selection", "cautious", "--select", *FITTED_TO)
AFTER_FIT = ("--indirect-selection", "cautious", "--exclude", *FITTED_TO)

# dbt must not outlive the stage that started it: it would go on writing without the lease. The pipe
# from the parent ends when the parent does, however it ends.
DBT_PROGRAM = """
import os, threading

def leave_with_parent():
    os.read(0, 1)
    os._exit(1)

threading.Thread(target=leave_with_parent, daemon=True).start()
from dbt.cli.main import cli
cli()
"""


@dataclass(frozen=True)
class BuildResult:
    """What a build made. `models` and `tests` count nodes by dbt's status; `mart_rows` by table."""

    run_id: str
    config_hash: str
    models: Mapping[str, int]
    tests: Mapping[str, int]
    mart_rows: Mapping[str, int]
    seconds: float

    @property
    def summary(self) -> str:
        """Return one line for a log."""
        warned = self.tests.get("warn", 0)
        return (
            f"built {sum(self.models.values())} models in {self.seconds:.0f} s: "
            f"{len(self.mart_rows)} marts, {sum(self.mart_rows.values()):,} rows; "
            f"{self.tests.get('pass', 0)} tests passed" + (f", {warned} warned" if warned else "")
        )


@dataclass
class _Transcript:
    """What dbt said while it ran: the counts, and the last words for a failure without a failing node."""

    models: Counter[str] = field(default_factory=Counter)
    tests: Counter[str] = field(default_factory=Counter)
    last_errors: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def read(self, line: str) -> str | None:
        """Take in one line of dbt's log; return what a person should see of it, if anything."""
        try:
            event = json.loads(line)
            info, data = event["info"], event["data"]
        except (ValueError, KeyError, TypeError):
            self.last_errors.append(line.strip())
            return None
        if info["level"] == "error" and info["msg"].strip():
            self.last_errors.append(" ".join(info["msg"].split()))
        if info["name"] in {"LogModelResult", "LogSeedResult", "LogTestResult"}:
            return self._node_finished(data)
        return None

    def _node_finished(self, data: Mapping[str, Any]) -> str | None:
        node = data["node_info"]
        name = node["node_name"]
        if node["resource_type"] == "test":
            status = data["status"].lower()
            self.tests[status] += 1
            return None if status == "pass" else f"test {name}: {status}"
        status = node["node_status"]
        self.models[status] += 1
        if node["materialized"] == "view" and status == "success":
            return None
        return f"{data['index']:>4}/{data['total']} {name}: {status} in {data['execution_time']:.1f} s"


def build(settings: Settings, night: Night, *, progress: Progress = silent) -> BuildResult:
    """Build and test every model as of `night`; the marts stand in a new candidate file.

    The same raw tables, night and project give the same marts, row for row.

    Raises:
        BuildError: a model or a test failed, or dbt could not start.
        WarehouseLockedError: another process is at work on the build warehouse.
    """
    started = time.monotonic()
    with warehouse.lease(settings):
        prepare_candidate(settings)
        with warehouse.leased(settings) as connection:
            metric_history.carry_over(connection, settings, night)
        variables = company_variables(settings) | {"reporting_currency": reporting_currency(settings, night)}
        project_hash = config_hash(settings.dbt_project_dir, variables)
        command = _command(settings, night, variables | {"config_hash": project_hash})
        before = _run_dbt([*command, *BEFORE_FIT], settings, progress)
        with warehouse.leased(settings) as connection:
            progress(str(purchase_model.run(connection)))
            progress(str(driver_importance.run(connection)))
        after = _run_dbt([*command, *AFTER_FIT], settings, progress)
        mart_rows = _mart_rows(settings.candidate_file)
    return BuildResult(
        run_id=night.run_id,
        config_hash=project_hash,
        models=dict(before.models + after.models),
        tests=dict(before.tests + after.tests),
        mart_rows=mart_rows,
        seconds=time.monotonic() - started,
    )


def company_variables(settings: Settings) -> dict[str, Any]:
    """Return the variables of this company: the sources it uses and the fields only it has."""
    return {
        "sources": list(settings.sources),
        "custom_fields": [
            {
                "source": custom.source,
                "stream": custom.stream.name,
                "record_id": list(custom.stream.record_id),
                "version": custom.stream.version,
                "column": custom.field.column,
                "type": custom.field.type.value,
                "to": list(custom.to),
            }
            for custom in custom_fields.read(settings)
        ],
    }


def config_hash(project_dir: Path, variables: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of everything that decides what the marts say: models, seeds, variables."""
    digest = hashlib.sha256(json.dumps(variables, sort_keys=True).encode())
    for file in _hashed_files(project_dir):
        digest.update(file.relative_to(project_dir).as_posix().encode())
        digest.update(b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _hashed_files(project_dir: Path) -> Iterator[Path]:
    yield project_dir / "dbt_project.yml"
    for folder in HASHED_FOLDERS:
        files = (project_dir / folder).rglob("*")
        yield from sorted(file for file in files if file.suffix in HASHED_SUFFIXES)


def _run_dbt(command: Sequence[str], settings: Settings, progress: Progress) -> _Transcript:
    run_results = _work_dir(settings) / "target" / "run_results.json"
    run_results.unlink(missing_ok=True)  # a run that fails early must not be judged by the one before
    transcript = _Transcript()
    with subprocess.Popen(
        command,
        env=_environment(settings),
        cwd=settings.dbt_project_dir,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        _follow(process.stdout, transcript, progress)
        exit_code = process.wait()
    if exit_code != 0:
        raise _failure(settings, run_results, transcript, exit_code)
    return transcript


def _follow(lines: Iterable[str], transcript: _Transcript, progress: Progress) -> None:
    for line in lines:
        shown = transcript.read(line)
        if shown:
            progress(shown)


def _command(settings: Settings, night: Night, variables: Mapping[str, Any]) -> list[str]:
    work_dir = _work_dir(settings)
    variables = {**variables, "as_of_date": night.as_of_date.isoformat(), "run_id": night.run_id}
    return [
        sys.executable, "-c", DBT_PROGRAM, "build", "--exclude-resource-type", "unit_test",
        "--project-dir", str(settings.dbt_project_dir),
        "--profiles-dir", str(settings.dbt_project_dir),
        "--target-path", str(work_dir / "target"),
        "--log-path", str(work_dir / "logs"),
        "--log-format", "json",
        "--log-format-file", "text",
        "--no-use-colors",
        "--vars", json.dumps(variables),
    ]  # fmt: skip


def _environment(settings: Settings) -> dict[str, str]:
    passed_on = {name: settings.environment[name] for name in PASSED_ON if name in settings.environment}
    return passed_on | {
        "PYTHONUTF8": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "VALUEGAP_BUILD_FILE": str(settings.build_file),
        "VALUEGAP_CANDIDATE_FILE": str(settings.candidate_file),
        "VALUEGAP_MEMORY_LIMIT": settings.memory_limit,
        "VALUEGAP_THREADS": str(settings.threads),
    }


def _work_dir(settings: Settings) -> Path:
    return settings.build_file.parent / "dbt"


def _failure(settings: Settings, run_results: Path, transcript: _Transcript, exit_code: int) -> BuildError:
    log = _work_dir(settings) / "logs" / "dbt.log"
    remedy = f"Read {log}, mend the model or the data it names, then run the build again."
    failed = _failed_nodes(run_results)
    if failed:
        others = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        return BuildError(f"{failed[0]}{others}.", remedy=remedy)
    last_words = " ".join(transcript.last_errors)[-600:] or "it said nothing"
    return BuildError(f"dbt ended with exit code {exit_code}: {last_words}.", remedy=remedy)


def _failed_nodes(run_results: Path) -> list[str]:
    if not run_results.exists():
        return []
    results = json.loads(run_results.read_bytes())["results"]
    return [
        _failed_node(result) for result in results if result["status"] in {"error", "fail", "runtime error"}
    ]


def _failed_node(result: Mapping[str, Any]) -> str:
    kind, _project, name, *_ = result["unique_id"].split(".")
    message = " ".join((result["message"] or "").split()).rstrip(".")
    return f"dbt {kind.replace('_', ' ')} {name} failed: {message}"


def _mart_rows(candidate_file: Path) -> dict[str, int]:
    with duckdb.connect(str(candidate_file), read_only=True) as candidate:
        tables = candidate.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name"
        ).fetchall()
        return {name: _row_count(candidate, name) for (name,) in tables}


def _row_count(candidate: duckdb.DuckDBPyConnection, table: str) -> int:
    statement = f"select count(*) from marts.{quoted(table)}"  # noqa: S608 - a name of ours, quoted
    row = candidate.execute(statement).fetchone()
    return int(row[0]) if row else 0
