"""The published marts as files, in the formats of `VALUEGAP_EXPORTS`, and a manifest of what they hold.

First a copy is made of what may leave the warehouse, then every format is written from that copy. A run's
folder appears whole or not at all, and the same published file gives the same bytes of Parquet, CSV,
contracts and manifest. A `.duckdb` or `.hyper` file of the same content may differ in its bytes: for these
the manifest has the hash of what each table holds.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from valuegap.night import Night
from valuegap.publish.checksum import NOT_CONTENT, schema_hashes
from valuegap.publish.contracts import checks, write_contract
from valuegap.publish.csv_files import write_csv
from valuegap.publish.export_folders import (
    MANIFEST_NAME,
    incoming_folder,
    move_in,
    point_latest,
    prune,
    shown_content,
)
from valuegap.publish.files import file_errors_explained, file_sha256, sql_literal, sync
from valuegap.publish.hyper import require_pantab, write_hyper
from valuegap.publish.parquet_files import write_parquet
from valuegap.publish.promote import STORAGE_VERSION, published_version
from valuegap.publish.released import (
    PUBLISHED,
    RELEASED,
    Provenance,
    Table,
    provenance,
    release,
    tables,
)
from valuegap.settings import CSV, DUCKDB, HYPER, PARQUET, Settings
from valuegap.warehouse import duckdb_errors_explained, lease

CONTRACT = "contract"
DUCKDB_FILE = "duckdb/valuegap.duckdb"
HYPER_FILE = "hyper/valuegap.hyper"


@dataclass(frozen=True)
class ExportedColumn:
    """A column of an exported table, with its DuckDB type and the description of its comment."""

    name: str
    type: str
    description: str | None


@dataclass(frozen=True)
class ExportedTable:
    """What the files hold of a mart. Equal rows have an equal `content_sha256`, in whatever order."""

    table: str
    rows: int
    content_sha256: str
    description: str | None
    columns: tuple[ExportedColumn, ...]
    left_out_columns: tuple[str, ...]


@dataclass(frozen=True)
class ExportedFile:
    """A file, its path from the folder of the run. `sha256` is of its bytes, None where those may differ."""

    file: str
    format: str
    table: str | None
    rows: int
    sha256: str | None


@dataclass(frozen=True)
class Exported:
    """A night's exports, and the night `latest` points to."""

    folder: Path
    run_id: str
    as_of_date: date
    latest_as_of: date
    tables: tuple[ExportedTable, ...]
    files: tuple[ExportedFile, ...]

    @property
    def summary(self) -> str:
        """Return one line for a log."""
        rows = sum(table.rows for table in self.tables)
        what = f"exported {len(self.tables)} tables, {rows:,} rows to {self.folder}"
        if self.latest_as_of == self.as_of_date:
            return what
        return f"{what}; latest stays on the newer night {self.latest_as_of}"


@dataclass(frozen=True)
class _Written:
    origin: Provenance
    tables: tuple[ExportedTable, ...]
    files: tuple[ExportedFile, ...]


def export(settings: Settings, night: Night) -> Exported:
    """Write each published mart of `night` in the formats chosen, with its contract, and a manifest.

    No file holds personal data. In a row that is not reportable everything measured but n is NULL: the
    warehouse shows it to who analyses, files travel further. Safe to kill and to run again; the last
    `settings.kept_exports` nights are kept.

    Raises:
        PublishError: the night is not published, does not say which columns are personal data, or the folder
            cannot be written; or a library for a format is missing.
        WarehouseLockedError: another process of ours is at work.
    """
    if HYPER in settings.exports:
        require_pantab()
    exports = settings.exports_dir
    with lease(settings), file_errors_explained(exports):
        published = published_version(settings, night).file
        before = shown_content(exports)
        with incoming_folder(exports) as incoming:
            with duckdb_errors_explained(published):
                written = _write_formats(settings, night, published, incoming)
            _write_manifest(incoming, night, settings.exports, written)
            move_in(incoming, night.run_id)
        latest = point_latest(exports, night)
        folder = exports / night.run_id
        prune(
            exports, kept_exports=settings.kept_exports, protected=before | shown_content(exports) | {folder}
        )
    return Exported(folder, night.run_id, night.as_of_date, latest, written.tables, written.files)


def _write_formats(settings: Settings, night: Night, published: Path, folder: Path) -> _Written:
    copy = folder / DUCKDB_FILE
    copy.parent.mkdir()
    files: list[ExportedFile] = []
    with _connected(settings, published, copy) as connection:
        marts = [(table, release(connection, table)) for table in tables(connection)]
        exported = _described(connection, marts)
        rules, origin = checks(connection), provenance(connection)
        for table, rows in marts:
            files += _write_table(connection, table, rows, settings, folder)
            contract = write_contract(
                table, rules.get(table.name, []), night, origin.code_version, folder / "contracts"
            )
            files.append(_listed(folder, contract, CONTRACT, table.name, 0))
        if HYPER in settings.exports:
            write_hyper(connection, marts, folder / HYPER_FILE)
    all_rows = sum(rows for _, rows in marts)
    if DUCKDB in settings.exports:
        copy.chmod(0o444)
        files.append(ExportedFile(DUCKDB_FILE, DUCKDB, None, all_rows, None))
        sync(copy)
    else:
        copy.unlink()
        copy.parent.rmdir()
    if HYPER in settings.exports:
        files.append(ExportedFile(HYPER_FILE, HYPER, None, all_rows, None))
        sync(folder / HYPER_FILE)
    return _Written(origin, exported, tuple(sorted(files, key=lambda file: file.file)))


@contextmanager
def _connected(settings: Settings, published: Path, copy: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published file and a new, empty copy; the copy is written to its end when the block ends."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "temp_directory": str(settings.build_file.parent / f"spill-{os.getpid()}"),
        "threads": 1,  # with more, row groups are cut where the threads happened to be
    }
    with duckdb.connect(config=config) as connection:
        connection.execute(
            f"attach {sql_literal(published)} as {PUBLISHED} (read_only);"
            f"attach {sql_literal(copy)} as {RELEASED} (storage_version '{STORAGE_VERSION}');"
            f"create schema {RELEASED}.marts; set timezone = 'UTC'"
        )
        yield connection
        connection.execute(f"detach {RELEASED}")  # writes what is still in the log


def _described(
    connection: duckdb.DuckDBPyConnection, marts: list[tuple[Table, int]]
) -> tuple[ExportedTable, ...]:
    connection.execute(f"use {RELEASED}")
    hashes = schema_hashes(connection, "marts", NOT_CONTENT)  # as `valuegap checksum` prints them
    connection.execute("use memory")
    return tuple(
        ExportedTable(
            table.name,
            rows,
            hashes[table.name],
            table.description,
            tuple(ExportedColumn(col.name, col.type, col.description) for col in table.released_columns),
            tuple(column.name for column in table.columns if column.is_pii),
        )
        for table, rows in marts
    )


def _write_table(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: int, settings: Settings, folder: Path
) -> list[ExportedFile]:
    files = []
    if PARQUET in settings.exports:
        for file, written in write_parquet(connection, table, rows, folder / PARQUET):
            files.append(_listed(folder, file, PARQUET, table.name, written))
    if CSV in settings.exports:
        file, written = write_csv(connection, table, folder / CSV)
        files.append(_listed(folder, file, CSV, table.name, written))
    return files


def _listed(folder: Path, file: Path, kind: str, table: str, rows: int) -> ExportedFile:
    sync(file)
    return ExportedFile(file.relative_to(folder).as_posix(), kind, table, rows, file_sha256(file))


def _write_manifest(
    folder: Path,
    night: Night,
    formats: tuple[str, ...],
    written: _Written,
) -> None:
    content = {
        "run_id": night.run_id,
        "as_of_date": night.as_of_date.isoformat(),
        **asdict(written.origin),
        "formats": list(formats),
        "tables": [asdict(table) for table in written.tables],
        "files": [asdict(file) for file in written.files],
    }
    file = folder / MANIFEST_NAME
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for path in [file, *(path for path in folder.rglob("*") if path.is_dir()), folder]:
        sync(path)
