"""The page a person opens after a night: what the gates said, what came in, and how fresh it is."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from valuegap import warehouse
from valuegap.errors import ValuegapError
from valuegap.night import Night
from valuegap.quality import results
from valuegap.quality.results import CheckResult, GateName, GateResult, masked
from valuegap.settings import Settings

GATES: tuple[GateName, ...] = ("raw", "marts")
PATIENCE_SECONDS = 10.0
LOADS = """
    select source, stream, landed_rows, loaded_rows, quarantined_rows
    from ops.loads where run_id = $run_id order by source, stream
"""
QUARANTINE = """
    select source, stream, reason, count(*) as records,
        'page ' || min(page) || ', line ' || arg_min(line, (page, line)) as first_place
    from ops.quarantine where run_id = $run_id
    group by source, stream, reason order by records desc, source, stream, reason
"""
FRESHNESS = """
    select source, stream, last_loaded_as_of, nights_behind, status, is_stale, note
    from marts.freshness where run_id = $run_id and status <> 'not used'
    order by is_stale desc, nights_behind desc nulls first, source, stream
"""


@dataclass(frozen=True)
class Section:
    """Rows of a query, or why there are none to show."""

    rows: tuple[dict[str, Any], ...] = ()
    missing: str = ""


def write_report(settings: Settings, night: Night) -> Path:
    """Write `reports/<run_id>/quality.html`, one page without script or outside asset, and return it.

    `reports/latest` then leads to the night's folder. What a failed night could not produce is said on
    the page instead of raised: the report is most wanted when something went wrong.
    """
    gates = [(gate, results.read(settings.reports_dir, night.run_id, gate)) for gate in GATES]
    page = _template().render(
        night=night,
        gates=gates,
        verdict=verdict([result for _, result in gates]),
        failed=_failures_worst_first([result for _, result in gates if result]),
        loads=_from_build(settings, night, LOADS),
        quarantine=_from_build(settings, night, QUARANTINE),
        freshness=_freshness(settings, night),
    )
    file = settings.reports_dir / night.run_id / "quality.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".html.partial")
    partial.write_text(page)
    partial.replace(file)
    _point_latest(settings.reports_dir, night.run_id)
    return file


def verdict(gates: Sequence[GateResult | None]) -> str:
    """Return `failed` if a gate stopped the night, `open` if one has not run, else `warned` or `passed`."""
    if any(result and result.critical_failures for result in gates):
        return "failed"
    if not all(gates):
        return "open"
    return "warned" if any(result and result.warnings for result in gates) else "passed"


def _failures_worst_first(gates: Sequence[GateResult]) -> list[tuple[GateName, CheckResult]]:
    failed = [(result.gate, check) for result in gates for check in result.checks if not check.success]
    return sorted(failed, key=lambda found: not found[1].is_critical_failure)


def _template() -> Any:  # noqa: ANN401 - jinja2's Template is generic over what it renders to
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = "{:,}".format
    return environment.get_template("report.html")


def _from_build(settings: Settings, night: Night, query: str) -> Section:
    try:
        with warehouse.read_only(replace(settings, lock_wait_seconds=PATIENCE_SECONDS)) as connection:
            return _section(connection, night, query)
    except (ValuegapError, duckdb.CatalogException) as error:
        return Section(missing=str(masked(error)))


def _freshness(settings: Settings, night: Night) -> Section:
    if not settings.candidate_file.exists():
        return Section(missing="The marts have not been built.")
    try:
        with duckdb.connect(str(settings.candidate_file), read_only=True) as connection:
            section = _section(connection, night, FRESHNESS)
    except (duckdb.IOException, duckdb.CatalogException) as error:
        return Section(missing=str(masked(error)))
    return section if section.rows else Section(missing="The marts have not been built this night.")


def _section(connection: duckdb.DuckDBPyConnection, night: Night, query: str) -> Section:
    cursor = connection.execute(query, {"run_id": night.run_id})
    names = [column[0] for column in cursor.description or []]
    rows = [
        {name: masked(value) for name, value in zip(names, row, strict=True)} for row in cursor.fetchall()
    ]
    return Section(tuple(rows))


def _point_latest(reports_dir: Path, run_id: str) -> None:
    pointer = reports_dir / f".latest-{os.getpid()}"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(run_id)
    pointer.replace(reports_dir / "latest")
