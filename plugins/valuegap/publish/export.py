"""The published marts as files: Parquet, and a manifest written last that says what they hold.

A run's folder appears whole or not at all, and the same published file gives the same bytes.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from valuegap.night import Night
from valuegap.publish.files import file_errors_explained, file_sha256, point_link, sql_literal, sync
from valuegap.publish.promote import published_version
from valuegap.raw_values import quoted
from valuegap.settings import Settings
from valuegap.warehouse import duckdb_errors_explained, lease

LATEST_NAME = "latest"
MANIFEST_NAME = "manifest.json"

REPORTABLE = "is_reportable"
KEPT_FLAGS = {REPORTABLE, "period_is_complete"}
# Text and dates are the keys and names of a mart; what is measured is a number or a flag,
MEASURED_TYPES = ("BIGINT", "BOOLEAN", "DECIMAL", "DOUBLE", "INTEGER")
# and so is text that says how the numbers came out, or what somebody wrote.
MEASURED_TEXT = {
    "best_competitor_code",
    "class",
    "differentiator_top",
    "example_1",
    "example_2",
    "example_3",
    "fair_value_position",
    "lost_reason_top",
    "preference_top_attribute",
    "quadrant",
    "satisfaction_state",
    "top_theme",
}


@dataclass(frozen=True)
class Column:
    """A column of an exported table, with its DuckDB type and the description of its comment."""

    name: str
    type: str
    description: str | None

    @property
    def is_metric(self) -> bool:
        """Whether the value is left out of rows that are not reportable: all that is measured but n."""
        kept = self.name in KEPT_FLAGS or self.name.startswith("n_")
        return self.name in MEASURED_TEXT or (self.type.startswith(MEASURED_TYPES) and not kept)


@dataclass(frozen=True)
class ExportedTable:
    """One Parquet file: `sha256` is of its bytes."""

    table: str
    file: str
    rows: int
    sha256: str
    description: str | None
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Exported:
    """A night's exports, and the night `latest` points to."""

    folder: Path
    run_id: str
    as_of_date: date
    latest_as_of: date
    tables: tuple[ExportedTable, ...]

    @property
    def summary(self) -> str:
        """Return one line for a log."""
        rows = sum(table.rows for table in self.tables)
        what = f"exported {len(self.tables)} tables, {rows:,} rows to {self.folder}"
        if self.latest_as_of == self.as_of_date:
            return what
        return f"{what}; latest stays on the newer night {self.latest_as_of}"


def export(settings: Settings, night: Night) -> Exported:
    """Write each published mart of `night` as Parquet, with a manifest.

    In a row that is not reportable everything measured but n is NULL: the warehouse shows it to who
    analyses, files travel further. Rows are ordered by all columns, after that. Safe to kill and to run
    again.

    Raises:
        PublishError: the night is not published, or the folder cannot be written.
        WarehouseLockedError: another process of ours is at work.
    """
    folder = settings.exports_dir / night.run_id
    with lease(settings), file_errors_explained(settings.exports_dir):
        published = published_version(settings, night).file
        with _incoming(folder) as incoming:
            with duckdb_errors_explained(published), _attached(settings, published) as connection:
                tables = tuple(_write_table(connection, table, incoming) for table in _tables(connection))
            _write_manifest(incoming / MANIFEST_NAME, night, tables)
            _move_in(incoming, folder)
        latest = _latest(settings)
        if latest is None or latest <= night.as_of_date:
            point_link(settings.exports_dir / LATEST_NAME, folder)
    return Exported(folder, night.run_id, night.as_of_date, max(latest or date.min, night.as_of_date), tables)


@contextmanager
def _incoming(folder: Path) -> Iterator[Path]:
    """Give the folder on its way in a path of its own; whatever of it a fault leaves there is removed."""
    incoming = folder.with_name(f".{folder.name}.incoming")
    shutil.rmtree(incoming, ignore_errors=True)  # of a killed run
    incoming.mkdir(parents=True)
    try:
        yield incoming
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _attached(settings: Settings, published: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={
            "memory_limit": settings.memory_limit,
            "temp_directory": str(settings.build_file.parent / f"spill-{os.getpid()}"),
            "threads": 1,  # with more, row groups are cut where the threads happened to be
        }
    )
    connection.execute(f"attach {sql_literal(published)} as published (read_only)")
    return connection


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str | None]]:
    return connection.execute(
        """
        select table_name, comment from duckdb_tables()
        where database_name = 'published' and schema_name = 'marts' order by table_name
        """
    ).fetchall()


def _write_table(
    connection: duckdb.DuckDBPyConnection, table: tuple[str, str | None], folder: Path
) -> ExportedTable:
    name, description = table
    columns = tuple(
        Column(*column)
        for column in connection.execute(
            """
            select column_name, data_type, comment from duckdb_columns()
            where database_name = 'published' and schema_name = 'marts' and table_name = ?
            order by column_index
            """,
            [name],
        ).fetchall()
    )
    file = folder / f"{name}.parquet"
    # Ordered from outside: the order must not tell how the left out values compare.
    (rows,) = connection.execute(
        f"copy (select * from ({_reportable(name, columns)}) order by all) "  # noqa: S608
        f"to {sql_literal(file)} (format parquet, compression zstd)"
    ).fetchone() or (0,)
    sync(file)
    return ExportedTable(name, file.name, rows, file_sha256(file), description, columns)


def _reportable(table: str, columns: tuple[Column, ...]) -> str:
    has_rule = any(column.name == REPORTABLE for column in columns)
    expressions = [
        f"case when {REPORTABLE} then {quoted(column.name)} end as {quoted(column.name)}"
        if has_rule and column.is_metric
        else quoted(column.name)
        for column in columns
    ]
    return f"select {', '.join(expressions)} from published.marts.{quoted(table)}"  # noqa: S608


def _write_manifest(file: Path, night: Night, tables: tuple[ExportedTable, ...]) -> None:
    content = {
        "run_id": night.run_id,
        "as_of_date": night.as_of_date.isoformat(),
        "tables": [asdict(table) for table in tables],
    }
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    sync(file)
    sync(file.parent)


def _move_in(incoming: Path, folder: Path) -> None:
    """Put the new folder in its place. A re-run with the same content changes nothing at all."""
    manifest = folder / MANIFEST_NAME
    if manifest.exists() and manifest.read_bytes() == (incoming / MANIFEST_NAME).read_bytes():
        return
    outgoing = folder.with_name(f".{folder.name}.outgoing")
    shutil.rmtree(outgoing, ignore_errors=True)
    if folder.exists():
        folder.rename(outgoing)
    incoming.rename(folder)
    sync(folder.parent)
    shutil.rmtree(outgoing, ignore_errors=True)


def _latest(settings: Settings) -> date | None:
    manifest = settings.exports_dir / LATEST_NAME / MANIFEST_NAME
    if not manifest.exists():
        return None
    return date.fromisoformat(json.loads(manifest.read_text(encoding="utf-8"))["as_of_date"])
