"""The audited candidate becomes the published warehouse: a file a night, and one link swapped whole.

Readers open `warehouse.duckdb`, a link. A reader that holds the old file keeps reading it; the next
one to open the link gets the new file; nobody ever sees half of one.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from valuegap import __version__, warehouse
from valuegap.errors import PublishError
from valuegap.night import Night
from valuegap.publish.checksum import schema_hashes
from valuegap.publish.files import file_errors_explained, file_sha256, point_link, sql_literal, sync
from valuegap.quality import results
from valuegap.raw_values import quoted
from valuegap.settings import Settings
from valuegap.warehouse import duckdb_errors_explained

LINK_NAME = "warehouse.duckdb"
INCOMING_NAME = ".incoming.duckdb"
NIGHTS_KEPT = 7
# Clients from 1.1 on read this storage; without it a later DuckDB would write what only it can read.
STORAGE_VERSION = "v1.0.0"

PUBLICATION = """
create or replace table marts.publication as
select
    $run_id::varchar as run_id, $as_of_date::date as as_of_date, $config_hash::varchar as config_hash,
    $code_version::varchar as code_version, $input_hash::varchar as input_hash,
    $table_count::integer as table_count, $row_count::bigint as row_count;
"""
PUBLICATION_COMMENTS = """
comment on table marts.publication is 'One row. Which night this file shows, and what it was built from.';
comment on column marts.publication.run_id is 'Run that built the marts.';
comment on column marts.publication.as_of_date is 'Last day the marts know (UTC).';
comment on column marts.publication.config_hash is 'Hash of the dbt variables; NULL if the marts state none.';
comment on column marts.publication.code_version is 'Version of valuegap that published the file.';
comment on column marts.publication.input_hash is 'Hash over the manifests of all runs loaded up to it.';
comment on column marts.publication.table_count is 'Number of marts, this table not counted.';
comment on column marts.publication.row_count is 'Rows of all marts, this table not counted.';
"""


@dataclass(frozen=True)
class Published:
    """A night's file in `published/`, and the night readers are shown."""

    file: Path
    run_id: str
    as_of_date: date
    serving_as_of: date
    table_count: int
    row_count: int

    @property
    def is_serving(self) -> bool:
        """Whether `warehouse.duckdb` shows this night; False when a newer night was there already."""
        return self.serving_as_of == self.as_of_date

    @property
    def summary(self) -> str:
        """Return one line for a log."""
        what = f"{self.file.name}: {self.table_count} tables, {self.row_count:,} rows"
        if self.is_serving:
            return f"published {what}"
        return f"written {what}; readers stay on the newer night {self.serving_as_of}"


@dataclass(frozen=True)
class Version:
    """A published file and the night in its name."""

    file: Path
    as_of_date: date

    @classmethod
    def of(cls, file: Path) -> "Version | None":
        """Read the night from a file's name; None when it is not a published file's."""
        match = re.fullmatch(r"warehouse-(\d{4}-\d{2}-\d{2})-[0-9a-f]{12}\.duckdb", file.name)
        return cls(file, date.fromisoformat(match[1])) if match else None


@dataclass(frozen=True)
class _Candidate:
    table_count: int
    row_count: int
    config_hash: str | None


def prepare_candidate(settings: Settings) -> None:
    """Create the empty candidate, in place of any other, for dbt to write the marts into.

    The caller holds `warehouse.lease`.

    Raises:
        PublishError: the file cannot be written.
        WarehouseLockedError: a process without the lease has the old candidate open.
    """
    file = settings.candidate_file
    with file_errors_explained(file.parent), duckdb_errors_explained(file):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if file.exists():
            duckdb.connect(str(file)).close()  # raises while somebody has it open
        file.unlink(missing_ok=True)
        file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
        with duckdb.connect() as connection:
            connection.execute(
                f"attach {sql_literal(file)} as candidate (storage_version '{STORAGE_VERSION}');"
                "create schema candidate.marts; detach candidate"
            )


def publish(settings: Settings, night: Night) -> Published:
    """Make the audited candidate of `night` the warehouse readers open.

    Safe to kill at any point and to run again: the candidate is left as it is, and what readers
    open changes in one step, last. A night older than the one readers are on is written for those
    who ask for it and does not replace the newer one. The last `NIGHTS_KEPT` nights are kept.

    Raises:
        PublishError: there is no candidate, it is another night's, or the file cannot be written.
        WarehouseLockedError: another process of ours is at work.
    """
    with warehouse.writer(settings) as build, file_errors_explained(settings.published_dir):
        candidate = _audited(settings, night)
        with _incoming(settings.published_dir) as incoming:
            shutil.copyfile(settings.candidate_file, incoming)
            _write_publication(incoming, night, candidate, _input_hash(build, night))
            file = _named_by_content(incoming, night)
        before = serving(settings)
        if before is None or before.as_of_date <= night.as_of_date:
            point_link(settings.published_dir / LINK_NAME, file)
        now = serving(settings) or Version(file, night.as_of_date)
        _prune(settings.published_dir, protected={file, now.file} | ({before.file} if before else set()))
        return Published(
            file, night.run_id, night.as_of_date, now.as_of_date, candidate.table_count, candidate.row_count
        )


def serving(settings: Settings) -> Version | None:
    """Return the file readers are shown; None while nothing is published."""
    link = settings.published_dir / LINK_NAME
    return Version.of(link.resolve()) if link.exists() else None


def published_version(settings: Settings, night: Night) -> Version:
    """Return a night's published file, the one readers are on if it is that night's.

    Raises:
        PublishError: the night is not published, or not kept any more.
    """
    shown = serving(settings)
    if shown and shown.as_of_date == night.as_of_date:
        return shown
    versions = [
        version for version in _versions(settings.published_dir) if version.as_of_date == night.as_of_date
    ]
    if not versions:
        raise PublishError(
            f"No warehouse of {night.as_of_date} is published in {settings.published_dir}.",
            remedy=f"Run: valuegap build, check and publish --as-of {night.as_of_date}.",
        )
    return max(versions, key=_written_at)


def _audited(settings: Settings, night: Night) -> _Candidate:
    """Make sure the candidate is this night's, nothing but marts, and the very file the gate let through."""
    file = settings.candidate_file
    rebuild = f"Run: valuegap build --as-of {night.as_of_date}, then check marts and publish."
    if not file.exists():
        raise PublishError(f"There is no candidate at {file}.", remedy=rebuild)
    if file.with_name(f"{file.name}.wal").exists():
        raise PublishError(f"The candidate {file} was not written to its end.", remedy=rebuild)
    with duckdb_errors_explained(file), duckdb.connect(str(file), read_only=True) as connection:
        tables = _tables(connection, file, rebuild)
        nights = _stated(connection, tables, "as_of_date")
        if nights != {night.as_of_date}:
            stated = ", ".join(sorted(map(str, nights))) or "no night"
            raise PublishError(
                f"The candidate {file} is of {stated}, not {night.as_of_date}.", remedy=rebuild
            )
        hashes = _stated(connection, tables, "config_hash")
        rows = sum(_row_count(connection, table) for table in tables)
    gate = results.read(settings.reports_dir, night.run_id, "marts")
    if gate is None or not gate.passed(file_sha256(file)):
        raise PublishError(
            f"The candidate {file} has not passed the mart gate as it stands.",
            remedy=f"Run: valuegap check marts --as-of {night.as_of_date}, then publish.",
        )
    return _Candidate(len(tables), rows, str(min(hashes)) if hashes else None)  # type: ignore[type-var]


def _tables(connection: duckdb.DuckDBPyConnection, file: Path, rebuild: str) -> dict[str, list[str]]:
    """Return the columns of each mart; refuse a candidate with anything but tables of schema marts."""
    strangers = connection.execute(
        """
        select schema_name || '.' || table_name from duckdb_tables()
        where schema_name <> 'marts' and not internal
        union all
        select schema_name || '.' || view_name from duckdb_views() where not internal
        order by 1
        """
    ).fetchall()
    if strangers:
        names = ", ".join(name for (name,) in strangers[:5])
        raise PublishError(
            f"The candidate {file} holds more than tables of schema marts: {names}.",
            remedy="Only marts may be built there, as tables: see +database in dbt_project.yml.",
        )
    (storage,) = connection.execute(
        "select tags['storage_version'] from duckdb_databases() where database_name = current_database()"
    ).fetchone() or (None,)
    if storage is None or not storage.startswith(STORAGE_VERSION):
        raise PublishError(f"The candidate {file} has storage version {storage}.", remedy=rebuild)
    return dict(
        connection.execute(
            """
            select table_name, list(column_name) from duckdb_columns()
            where schema_name = 'marts' group by table_name order by table_name
            """
        ).fetchall()
    )


def _stated(connection: duckdb.DuckDBPyConnection, tables: dict[str, list[str]], column: str) -> set[object]:
    """Return what the marts' rows say in a lineage column."""
    stating = [table for table, columns in tables.items() if column in columns]
    return {
        value
        for table in stating
        for (value,) in connection.execute(
            f"select distinct {column} from marts.{quoted(table)} where {column} is not null"  # noqa: S608
        ).fetchall()
    }


def _row_count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    (rows,) = connection.execute(f"select count(*) from marts.{quoted(table)}").fetchone() or (0,)  # noqa: S608
    return int(rows)


def _input_hash(build: duckdb.DuckDBPyConnection, night: Night) -> str:
    manifests = build.execute(
        "select source, stream, run_id, manifest_sha256 from ops.loads where as_of_date <= ? order by all",
        [night.as_of_date],
    ).fetchall()
    return hashlib.sha256(repr(manifests).encode()).hexdigest()


@contextmanager
def _incoming(folder: Path) -> Iterator[Path]:
    """Give the file on its way in a path of its own; whatever of it a fault leaves there is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / INCOMING_NAME
    leftovers = (file, file.with_name(f"{file.name}.wal"))
    try:
        for leftover in leftovers:  # of a killed run
            leftover.unlink(missing_ok=True)
        yield file
    finally:
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)


def _write_publication(incoming: Path, night: Night, candidate: _Candidate, input_hash: str) -> None:
    with duckdb_errors_explained(incoming), duckdb.connect(str(incoming)) as connection:
        connection.execute(
            PUBLICATION,
            {
                "run_id": night.run_id,
                "as_of_date": night.as_of_date,
                "config_hash": candidate.config_hash,
                "code_version": __version__,
                "input_hash": input_hash,
                "table_count": candidate.table_count,
                "row_count": candidate.row_count,
            },
        )
        connection.execute(PUBLICATION_COMMENTS)
        connection.execute("checkpoint")


def _named_by_content(incoming: Path, night: Night) -> Path:
    """Move the incoming file to its name, unless the same content has it already; return that name."""
    with duckdb_errors_explained(incoming), duckdb.connect(str(incoming), read_only=True) as connection:
        tables = schema_hashes(connection, "marts")
    content = hashlib.sha256(repr(sorted(tables.items())).encode()).hexdigest()[:12]
    file = incoming.with_name(f"warehouse-{night.as_of_date}-{content}.duckdb")
    if file.exists():
        file.touch()  # the newest of its night again
        return file
    incoming.chmod(0o444)
    sync(incoming)
    incoming.replace(file)
    sync(file.parent)
    return file


def _prune(folder: Path, *, protected: set[Path]) -> None:
    """Remove what is older than the last nights kept, and what a re-run of its night superseded.

    The file readers were on until now stays: one of them may have resolved the link a moment ago.
    """
    versions = sorted(_versions(folder), key=_written_at)
    newest_of_night = {version.as_of_date: version for version in versions}
    kept_nights = sorted(newest_of_night)[-NIGHTS_KEPT:]
    kept = {newest_of_night[night].file for night in kept_nights} | {path.resolve() for path in protected}
    for version in versions:
        if version.file.resolve() not in {path.resolve() for path in kept}:
            version.file.unlink()


def _versions(folder: Path) -> list[Version]:
    found = (Version.of(file) for file in folder.glob("warehouse-*.duckdb"))
    return [version for version in found if version]


def _written_at(version: Version) -> tuple[int, str]:
    return version.file.stat().st_mtime_ns, version.file.name
