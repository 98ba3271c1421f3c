"""The only opener of the build warehouse: one writer at a time, and errors that say what to do.

DuckDB lets one writing process into a file, and any reader keeps it out. So every process of ours
queues for a lease (a lock on a file beside the warehouse) before it opens the file; dbt's process
is started under the same lease. The kernel drops a lease with the process that held it, so a
killed night leaves nothing to clean up.
"""

import fcntl
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import duckdb

from valuegap import drift
from valuegap.analytics import tables as analytics
from valuegap.custom_fields import with_custom_fields
from valuegap.errors import ValuegapError, WarehouseLockedError
from valuegap.raw_values import TYPE_MACROS, literal, quoted, typed_value
from valuegap.settings import Settings
from valuegap.sources.registry import DECLARED
from valuegap.sources.stream import Declared, Field, FieldType, Stream

logger = logging.getLogger(__name__)

T = TypeVar("T")

POLL_SECONDS = 0.2

RAW_TYPES = {
    FieldType.TEXT: "VARCHAR",
    FieldType.INTEGER: "BIGINT",
    FieldType.DECIMAL: "DECIMAL(18,6)",
    FieldType.BOOLEAN: "BOOLEAN",
    FieldType.TIMESTAMP: "TIMESTAMP",
    FieldType.EPOCH_SECONDS: "TIMESTAMP",
    FieldType.JSON: "VARCHAR",
}

PROVENANCE = {
    "record": "VARCHAR",
    "_as_of_date": "DATE",
    "_run_id": "VARCHAR",
    "_page": "INTEGER",
    "_line": "INTEGER",
}
"""Columns that end every raw table: the record as sent, and where in the landing zone it stands."""

OPS_TABLES = """
create schema if not exists ops;
create table if not exists ops.loads (
    source varchar, stream varchar, run_id varchar, as_of_date date not null,
    landed_rows bigint not null, loaded_rows bigint not null, quarantined_rows bigint not null,
    cursor_after varchar, manifest_sha256 varchar not null, note varchar,
    primary key (source, stream, run_id)
);
alter table ops.loads add column if not exists note varchar;
create table if not exists ops.quarantine (
    source varchar not null, stream varchar not null, run_id varchar not null, as_of_date date not null,
    page integer not null, line integer not null, reason varchar not null, record varchar not null
);
create table if not exists ops.misfits (
    source varchar not null, stream varchar not null, run_id varchar not null, as_of_date date not null,
    page integer not null, line integer not null, column_name varchar not null, reason varchar not null
);
create table if not exists ops.metric_history (
    metric_code varchar not null, segment_key varchar not null, period_grain varchar not null,
    period_start date not null, period_end date not null, recorded_as_of date not null,
    metric_value double, n_responses bigint, n_customers bigint,
    formula_version integer, recorded_config_hash varchar,
    is_restated boolean, prior_value double, restated_delta double, reason varchar,
    primary key (metric_code, segment_key, period_grain, period_start, recorded_as_of)
);
"""
"""`quarantine` holds records that were kept out, `misfits` custom values that were: the record is in.

`metric_history` is what earlier nights published, see `valuegap.publish.metric_history`.
"""


class WarehouseError(ValuegapError):
    """The build warehouse cannot be opened, read or written."""


def raw_table(source_name: str, stream_name: str) -> str:
    """Return the quoted name of a stream's table in the build warehouse."""
    return f"{quoted(f'raw_{source_name}')}.{quoted(stream_name)}"


def raw_columns(stream: Stream) -> dict[str, str]:
    """Return the DuckDB type of each column of a stream's raw table, in order."""
    context = dict.fromkeys(stream.context, "VARCHAR")
    fields = {field.column: RAW_TYPES[field.type] for field in stream.fields}
    return context | fields | PROVENANCE


@contextmanager
def lease(settings: Settings, *, shared: bool = False) -> Iterator[None]:
    """Hold the build warehouse against every other process of ours.

    Not re-entrant: a process that asks twice waits for itself. `shared` leases go together with
    each other and exclude the others.

    Raises:
        WarehouseLockedError: somebody else held it for all of `settings.lock_wait_seconds`.
        WarehouseError: the folder cannot be written.
    """
    file = settings.build_file.with_suffix(".lock")
    with _lock_file(file) as lock:
        _patiently(settings.lock_wait_seconds, lambda: _take(lock, file, shared=shared))
        yield


@contextmanager
def writer(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build warehouse for writing, its ops and raw tables in place.

    Raises:
        WarehouseLockedError: another process holds the lease, or the file without the lease.
        WarehouseError: the file is damaged or from other declarations, or disk or memory ran out.
    """
    with lease(settings), _connected(settings, read_only=False) as connection:
        _declare_tables(connection, settings)
        yield connection


@contextmanager
def leased(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build warehouse for writing; the caller holds the lease, and its tables are in place.

    Raises:
        WarehouseLockedError: another process has the file open without the lease.
        WarehouseError: the file is damaged, or disk or memory ran out.
    """
    with _connected(settings, read_only=False) as connection:
        yield connection


@contextmanager
def read_only(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build warehouse for reading. Readers share it; a writer waits for them, and they for it.

    Raises:
        WarehouseError: nothing was loaded yet, or as for `writer`.
        WarehouseLockedError: as for `writer`.
    """
    if not settings.build_file.exists():
        raise WarehouseError(
            f"There is no build warehouse at {settings.build_file}.",
            remedy="Load what is landed: valuegap load --as-of NIGHT.",
        )
    with lease(settings, shared=True), _connected(settings, read_only=True) as connection:
        yield connection


@contextmanager
def duckdb_errors_explained(file: Path) -> Iterator[None]:
    """Turn what DuckDB says about lock, damage, disk or memory into an error with a remedy.

    Other DuckDB errors are faults of the caller's SQL and pass through.
    """
    try:
        yield
    except duckdb.Error as error:
        explained = _explained(str(error), file)
        if explained is None:
            raise
        raise explained from error


@contextmanager
def _connected(settings: Settings, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    file = settings.build_file
    with duckdb_errors_explained(file):
        connection = _patiently(
            settings.lock_wait_seconds, lambda: _connect(settings, file, read_only=read_only)
        )
        try:
            yield connection
        finally:
            connection.close()


def _connect(settings: Settings, file: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    # Readers may be several: one spill folder for all would let them overwrite each other's blocks.
    spill = file.parent / (f"spill-{os.getpid()}" if read_only else "spill")
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(spill),
    }
    with duckdb_errors_explained(file):
        connection = duckdb.connect(str(file), read_only=read_only, config=config)
        # An offset in a timestamp is resolved in the session's zone: never the machine's.
        connection.execute("set timezone = 'UTC'")
    return connection


def _patiently(seconds: float, attempt: Callable[[], T]) -> T:
    """Repeat `attempt` until it is not locked out any more, for `seconds` at most."""
    deadline = time.monotonic() + seconds
    told = False
    while True:
        try:
            return attempt()
        except WarehouseLockedError as locked:
            if time.monotonic() >= deadline:
                raise
            if not told:
                logger.info("Waiting up to %.0f s: %s", seconds, locked.what)
                told = True
        time.sleep(POLL_SECONDS)


@contextmanager
def _lock_file(file: Path) -> Iterator[int]:
    try:
        # Raw tables hold e-mail addresses and names: nobody else's business on a shared machine.
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise WarehouseError(
            f"{file.parent} cannot be written: {error.strerror}.",
            remedy="Make it writable or free space, or point VALUEGAP_DATA_DIR elsewhere.",
        ) from error
    try:
        yield lock
    finally:
        os.close(lock)


def _take(lock: int, file: Path, *, shared: bool) -> None:
    try:
        fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 200, 0).decode(errors="replace").strip()
        raise WarehouseLockedError(
            f"The build warehouse is held by {holder or 'another process'} ({file}).",
            remedy="Wait for it to end, or end it; then run this again.",
        ) from None
    with suppress(OSError):  # the name is a courtesy to whoever waits: a full disk must not deny the lease
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"process {os.getpid()} ({Path(sys.argv[0]).name})".encode(), 0)


def _explained(message: str, file: Path) -> ValuegapError | None:
    holder = re.search(r"Conflicting lock is held in (.+?) \(PID (\d+)\)", message)
    if holder or "Could not set lock on file" in message:
        who = f"process {holder[2]} ({Path(holder[1]).name})" if holder else "another process"
        return WarehouseLockedError(
            f"{file.name} is opened by {who} ({file}).", remedy="Close it there, then run this again."
        )
    if re.search(r"no space left|disk quota|max_temp_directory_size|disk full", message, re.IGNORECASE):
        return WarehouseError(
            f"The disk of {file.parent} is full; nothing of this step was kept.",
            remedy="Free space, then run this again: it goes on where it was.",
        )
    if "Out of Memory" in message:
        return WarehouseError(
            f"DuckDB ran out of memory on {file.name}.",
            remedy="Raise VALUEGAP_MEMORY_LIMIT, then run this again.",
        )
    if re.search(r"corrupt|checksum|not a valid DuckDB|replaying WAL|serializ", message, re.IGNORECASE):
        return WarehouseError(
            f"{file} is damaged.",
            remedy=f"Delete {file.name} and {file.name}.wal: valuegap load --as-of NIGHT rebuilds it.",
        )
    return None


def _declare_tables(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    sources = [with_custom_fields(source, settings) for source in DECLARED.values()]
    connection.execute(TYPE_MACROS)
    connection.begin()
    connection.execute(OPS_TABLES)
    connection.execute(drift.TABLES)
    connection.execute(analytics.TABLES)
    for source in sources:
        connection.execute(f"create schema if not exists {quoted(f'raw_{source.name}')}")
        for stream in source.streams:
            _declare_raw_table(connection, settings.build_file, source.name, stream)
    connection.execute(_stored_rows_view(sources))
    _declare_fields(connection, sources)
    connection.execute(drift.MACRO)
    connection.commit()


def _declare_raw_table(
    connection: duckdb.DuckDBPyConnection, file: Path, source_name: str, stream: Stream
) -> None:
    table = raw_table(source_name, stream.name)
    columns = raw_columns(stream)
    existing = dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ?",
            [f"raw_{source_name}", stream.name],
        ).fetchall()
    )
    definitions = ", ".join(f"{quoted(name)} {type_}" for name, type_ in columns.items())
    connection.execute(f"create table if not exists {table} ({definitions})")
    for name, type_ in columns.items():
        if name in existing and existing[name] != type_:
            raise WarehouseError(
                f"{table}.{name} is {existing[name]} in {file} and declared {type_}.",
                remedy=f"Delete {file.name}: valuegap load --as-of NIGHT rebuilds it from landing.",
            )
    if existing:
        new = [name for name in columns if name not in existing]
        _fill_new_columns(connection, source_name, stream, new)


def _fill_new_columns(
    connection: duckdb.DuckDBPyConnection, source_name: str, stream: Stream, new: Sequence[str]
) -> None:
    """Add the fields declared since; the rows already there get them from their whole records."""
    table, types = raw_table(source_name, stream.name), raw_columns(stream)
    for column in new:
        connection.execute(f"alter table {table} add column {quoted(column)} {types[column]}")
    fields = [field for field in stream.fields if field.column in new]
    if not fields:
        return
    values = ", ".join(f"{quoted(field.column)} = {typed_value(field)[0]}" for field in fields)
    connection.execute(f"update {table} set {values}")  # noqa: S608 - declared names
    for field in fields:
        _count_misfits(connection, source_name, stream, field)


def _count_misfits(
    connection: duckdb.DuckDBPyConnection, source_name: str, stream: Stream, field: Field
) -> None:
    table, column = raw_table(source_name, stream.name), quoted(field.column)
    (misfits,) = connection.execute(
        f"""
        insert into ops.misfits
        select ?, ?, _run_id, _as_of_date, _page, _line, ?, reason
        from (select *, {typed_value(field)[1]} as reason from {table})
        where reason is not null
        """,  # noqa: S608 - declared names
        [source_name, stream.name, field.column],
    ).fetchone() or (0,)
    rows, filled = connection.execute(f"select count(*), count({column}) from {table}").fetchone() or (0, 0)  # noqa: S608
    if rows:
        logger.warning(
            "%s: column %s is new; %s of %s rows loaded before have a value, %s one that does not fit"
            " (ops.misfits).",
            table, field.column, f"{filled:,}", f"{rows:,}", f"{misfits:,}",
        )  # fmt: skip


def _stored_rows_view(sources: Sequence[Declared]) -> str:
    """Return the view the books are checked against: rows and different records of each run in raw tables."""
    selects = " union all ".join(
        f"""
        select {literal(source.name)} as source, {literal(stream.name)} as stream, _run_id as run_id,
            _as_of_date as as_of_date, count(*) as stored_rows,
            count(distinct ({", ".join(map(quoted, stream.record_id))})) as stored_records
        from {raw_table(source.name, stream.name)} group by all
        """  # noqa: S608 - declared names
        for source in sources
        for stream in source.streams
    )
    return f"create or replace view ops.stored_rows as {selects}"


def _declare_fields(connection: duckdb.DuckDBPyConnection, sources: Sequence[Declared]) -> None:
    fields = ", ".join(
        f"({literal(source.name)}, {literal(stream.name)}, {literal(field.column)}, {literal(field.path)})"
        for source in sources
        for stream in source.streams
        for field in stream.fields
    )
    connection.execute("delete from ops.declared_fields")
    connection.execute(f"insert into ops.declared_fields values {fields}")  # noqa: S608 - declared names
