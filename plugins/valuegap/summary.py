"""What a person wants to know after a night: what came in, what the gates said, what was found."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from valuegap import warehouse
from valuegap.errors import PublishError
from valuegap.night import Night
from valuegap.publish.promote import serving
from valuegap.raw_values import quoted
from valuegap.settings import Settings

SOURCE_ROWS = """
    select source, sum(landed_rows), sum(loaded_rows), sum(quarantined_rows)
    from ops.loads where run_id = $run_id group by source order by source
"""
MARTS = """
    select table_name from duckdb_tables()
    where schema_name = 'marts' and table_name <> 'publication' order by table_name
"""
NOTES = """
    select source, stream, note from ops.loads where run_id = $run_id and note is not null
    order by note, source, stream
"""
DRIFT = """
    select kind, source || '.' || stream || '.' || ltrim(field_path, '$.') from marts.schema_drift
    where noticed_as_of = as_of_date order by all
"""
WIDEST_GAPS = """
    select attribute_name, gap_score, ci_low, ci_high, expectation_score, experience_score, n_customers
    from marts.satisfaction_gap
    inner join marts.dim_attribute using (attribute_code)
    where segment_type = 'all' and period_grain = 'trailing_12m' and is_reportable
    order by gap_score, attribute_code limit 5
"""
MOST_VALUABLE = """
    select customer_key, market_segment, country, relationship_value_amount, margin_per_month,
        retention_rate_month, horizon_months
    from marts.relationship_value
    inner join marts.dim_customer using (customer_key)
    where relationship_value_amount is not null
    order by relationship_value_amount desc, customer_key limit 5
"""


def print_summary(settings: Settings) -> None:
    """Print the last published night on standard output."""
    shown = serving(settings)
    if shown is None:
        raise PublishError("Nothing is published yet.", remedy="Run a night first: make run.")
    console, night = Console(), Night(shown.as_of_date)
    with duckdb.connect(str(shown.file), read_only=True) as published:
        marts = {name: _rows(published, name) for (name,) in published.execute(MARTS).fetchall()}
        drift = published.execute(DRIFT).fetchall()
        gaps = published.execute(WIDEST_GAPS).fetchall()
        customers = published.execute(MOST_VALUABLE).fetchall()
    _print_stages(console, settings, night, marts, drift_line(drift))
    _print_gates(console, settings, night)
    _print_gaps(console, gaps)
    _print_customers(console, customers)
    _print_places(console, settings, night)


def _rows(published: duckdb.DuckDBPyConnection, mart: str) -> int:
    (rows,) = published.execute(f"select count(*) from marts.{quoted(mart)}").fetchone() or (0,)  # noqa: S608
    return int(rows)


def drift_line(changes: Sequence[tuple[str, str]]) -> str:
    """Return one line about (kind, field) of each field that was found changed: the lost ones by name."""
    if not changes:
        return "schema drift: none"
    counts = Counter(kind for kind, _ in changes)
    said = []
    for kind in ("new", "missing", "renamed", "retyped", "emptied"):
        if count := counts[kind]:
            fields = ", ".join(field for each, field in changes if each == kind)
            noun = f" field{'s'[: count != 1]}" if kind == "new" else ""
            said.append(f"{count} {kind}{noun}" + ("" if kind == "new" else f" ({fields})"))
    return f"schema drift: {', '.join(said)}"


def built_lines(marts: Mapping[str, int], exported: Mapping[str, int]) -> list[str]:
    """Return what to say of the marts: all in a line, then each whose rows were not all exported."""
    empty = [name for name, rows in marts.items() if not rows]
    lines = [f"{len(marts)} marts, {sum(marts.values()):,} rows; empty: {', '.join(empty) or 'none'}"]
    cut = {name: rows for name, rows in marts.items() if exported.get(name, 0) != rows}
    if not cut:
        return [*lines, "exported: all of them"]
    return [
        *lines,
        *(f"exported of {name}: {exported.get(name, 0):,} of {rows:,}" for name, rows in cut.items()),
    ]


def _print_stages(
    console: Console, settings: Settings, night: Night, marts: Mapping[str, int], drift: str
) -> None:
    with warehouse.read_only(settings) as build:
        sources = build.execute(SOURCE_ROWS, {"run_id": night.run_id}).fetchall()
        notes = build.execute(NOTES, {"run_id": night.run_id}).fetchall()
    table = _table(f"Night of {night.as_of_date}: what came in", "source", "landed", "loaded", "quarantined")
    for source, *counts in sources:
        table.add_row(source, *(f"{int(count):,}" for count in counts))
    console.print(table)
    for source, stream, note in notes:
        console.print(f"{source}.{stream}: {note}", soft_wrap=True, highlight=False, markup=False)
    console.print(drift, soft_wrap=True, highlight=False, markup=False)
    manifest = json.loads((settings.exports_dir / night.run_id / "manifest.json").read_text())
    exported = {table["table"]: table["rows"] for table in manifest["tables"]}
    console.print("\nWhat was built from all nights", style="bold")
    for line in built_lines(marts, exported):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _print_gates(console: Console, settings: Settings, night: Night) -> None:
    table = _table("What the gates said", "gate", "checks", "failed", "warnings")
    for gate in ("raw", "marts"):
        results = json.loads((settings.reports_dir / night.run_id / f"{gate}.json").read_text())
        checks = results["checks"]
        failed = [check for check in checks if not check["success"]]
        critical = sum(check["severity"] == "critical" for check in failed)
        table.add_row(gate, f"{len(checks):,}", f"{critical:,}", f"{len(failed) - critical:,}")
    console.print(table)


def _print_gaps(console: Console, gaps: Sequence[Sequence[object]]) -> None:
    table = _table(
        "The five widest satisfaction gaps, last 12 months (points of 100)",
        "attribute", "gap", "95 % interval", "expected", "delivered", "n",
    )  # fmt: skip
    for name, gap, low, high, expected, delivered, n in gaps:
        table.add_row(
            str(name),
            f"{gap:+.1f}",
            f"{low:+.1f} to {high:+.1f}",
            f"{expected:.1f}",
            f"{delivered:.1f}",
            f"{n:,}",
        )
    console.print(table)


def _print_customers(console: Console, customers: Sequence[Sequence[object]]) -> None:
    table = _table(
        "The five customers with the highest relationship value",
        "customer", "segment", "country", "value", "margin a month", "stays a month",
    )  # fmt: skip
    for key, segment, country, value, margin, retention, _ in customers:
        table.add_row(
            str(key)[:8], _text(segment), _text(country), _money(value), _money(margin), f"{retention:.1%}"
        )
    console.print(table)
    for horizon in {row[-1] for row in customers}:
        console.print(f"value: present value of the margin to come in {horizon} months", style="dim")
    console.print()


def _print_places(console: Console, settings: Settings, night: Night) -> None:
    for what, where in (
        ("Published warehouse", settings.published_dir / "warehouse.duckdb"),
        ("Exports", settings.exports_dir / "latest"),
        ("Quality report", settings.reports_dir / night.run_id / "quality.html"),
    ):
        console.print(f"{what:<20} {_short(where, settings)}", soft_wrap=True, highlight=False)
    console.print("\nTry next", style="bold")
    for command in (
        "make dashboard                ten pages on what was published, http://127.0.0.1:8501",
        "make run                      the next night",
        "make up                       Airflow's UI on the demo company",
        'duckdb -readonly data/published/warehouse.duckdb "from marts.satisfaction_gap"',
    ):
        console.print(f"  {command}", soft_wrap=True, highlight=False)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 else "right", no_wrap=True)
    return table


def _short(path: Path, settings: Settings) -> str:
    return str(
        path.relative_to(settings.project_root) if path.is_relative_to(settings.project_root) else path
    )


def _money(amount: object) -> str:
    return f"{amount:,.2f}" if isinstance(amount, Decimal | float) else "–"


def _text(value: object) -> str:
    return "–" if value is None else str(value)
