"""The published marts in PostgreSQL, for BI tools and analysts: always one night, whole.

A night replaces the one before by deleting and inserting rows in one transaction. That is the one way in
which a reader's snapshot holds: of tables swapped by renaming, a REPEATABLE READ transaction that began
before finds the new ones, and finds them empty. Readers never wait for a load, nor a load for readers,
but in the night after an upgrade changed a mart's columns.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from valuegap.errors import ConfigurationError, PublishError
from valuegap.night import Night
from valuegap.publish import postgres_roles
from valuegap.publish.files import sql_literal
from valuegap.publish.postgres_contract import TABLES, VIEWS, ServedMart, TableColumn
from valuegap.publish.promote import published_version
from valuegap.publish.released import PUBLISHED, tables
from valuegap.publish.serving_connection import ServingConnection
from valuegap.raw_values import literal, quoted
from valuegap.settings import Settings
from valuegap.warehouse import duckdb_errors_explained

try:
    from adbc_driver_postgresql import dbapi
except ImportError:
    raise ConfigurationError(
        "Connection warehouse_serving is set, but the PostgreSQL driver is not installed.",
        remedy="Install the extra `serving`: pip install 'valuegap[serving]'; or unset the connection.",
    ) from None

logger = logging.getLogger(__name__)

ROWS_A_BATCH = 50_000
LOCK_TIMEOUT = "30s"
ONE_LOAD_AT_A_TIME = 7_105_306  # any number, the same in every process of ours

LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True)
class Served:
    """A night's load, and the night PostgreSQL shows."""

    connection: ServingConnection
    as_of_date: date
    serving_as_of: date
    table_count: int
    row_count: int

    @property
    def is_serving(self) -> bool:
        """Whether PostgreSQL shows this night; False when a newer night was there already."""
        return self.serving_as_of == self.as_of_date

    @property
    def summary(self) -> str:
        """Return one line for a log."""
        if self.is_serving:
            return f"served {self.table_count} tables, {self.row_count:,} rows in {self.connection}"
        return f"not served: {self.connection} stays on the newer night {self.serving_as_of}"


def serve(settings: Settings, night: Night, connection: ServingConnection) -> Served:
    """Load the published marts of `night` into PostgreSQL in one transaction.

    Safe to kill at any point and to run again. A night older than the one that is there is not loaded.

    Raises:
        PublishError: the night is not published, PostgreSQL cannot be reached or refused.
        ConfigurationError: the driver is missing, or a reading role may do more than read.
    """
    file = published_version(settings, night).file
    with _warehouse(settings, file) as warehouse, _errors_explained(connection, night):
        marts = tuple(ServedMart(mart) for mart in tables(warehouse))
        with dbapi.connect(connection.conninfo) as postgres:
            served = _serve(warehouse, postgres, marts, night, connection)
        if served.is_serving:
            with dbapi.connect(connection.conninfo, autocommit=True) as postgres:
                _vacuum(postgres, marts)
    return served


@contextmanager
def _warehouse(settings: Settings, file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    spill = settings.build_file.parent / "spill-serve"
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(spill),
    }
    with duckdb_errors_explained(file), duckdb.connect(config=config) as connection:
        connection.execute(f"attach {sql_literal(file)} as {PUBLISHED} (read_only)")
        yield connection


def _serve(
    warehouse: duckdb.DuckDBPyConnection,
    postgres: dbapi.Connection,
    marts: tuple[ServedMart, ...],
    night: Night,
    connection: ServingConnection,
) -> Served:
    with postgres.cursor() as cursor:
        cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
        _take_turn(cursor, connection)
        there = _as_of(cursor)
        if there and there > night.as_of_date:
            return Served(connection, night.as_of_date, there, 0, 0)
        for schema in (VIEWS, TABLES):
            cursor.execute(f"create schema if not exists {schema}")
        _make_room(cursor, marts)
        rows = sum(_load(warehouse, cursor, mart) for mart in marts)
        postgres_roles.grant(cursor)
        postgres_roles.verify(cursor)
        postgres.commit()
    return Served(connection, night.as_of_date, night.as_of_date, len(marts), rows)


def _take_turn(cursor: dbapi.Cursor, connection: ServingConnection) -> None:
    if not _exists(cursor, f"select 1 where pg_try_advisory_xact_lock({ONE_LOAD_AT_A_TIME})"):
        raise PublishError(
            f"Another load into {connection} is at work.",
            remedy="Wait for its end, then run this again.",
        )


def _as_of(cursor: dbapi.Cursor) -> date | None:
    if not _exists(cursor, f"select 1 where to_regclass('{TABLES}.publication') is not null"):
        return None
    cursor.execute(f"select as_of_date from {TABLES}.publication")  # noqa: S608
    row = cursor.fetchone()
    return row[0] if row else None


def _make_room(cursor: dbapi.Cursor, marts: tuple[ServedMart, ...]) -> None:
    """Delete the old night's rows, and bring tables and views to the marts' contracts where they differ.

    Not by TRUNCATE: it would empty the tables of transactions that began before.
    """
    contracts = f"{TABLES}.serving_contract"
    cursor.execute(f"create table if not exists {contracts} (mart text primary key, contract text not null)")
    cursor.execute(f"select mart, contract from {contracts}")  # noqa: S608
    there = dict(cursor.fetchall())
    for gone in there.keys() - {mart.name for mart in marts}:
        cursor.execute(f"drop view {VIEWS}.{quoted(gone)}")
        cursor.execute(f"drop table {TABLES}.{quoted(gone)}")
        cursor.execute(f"delete from {contracts} where mart = {literal(gone)}")  # noqa: S608
    for mart in marts:
        if mart.name in there:
            cursor.execute(f"delete from {mart.table}")  # noqa: S608
        if there.get(mart.name) != mart.contract:
            _reshape(cursor, mart, is_new=mart.name not in there)
            cursor.execute(
                f"insert into {contracts} values ({literal(mart.name)}, {literal(mart.contract)}) "  # noqa: S608
                "on conflict (mart) do update set contract = excluded.contract"
            )


def _reshape(cursor: dbapi.Cursor, mart: ServedMart, *, is_new: bool) -> None:
    """Give an empty table and its view the mart's contract.

    An old table is altered, not made anew: who began to read before still finds the old rows in it.
    """
    if is_new:
        parts = [column.definition for column in mart.table_columns]
        parts += [mart.primary_key] if mart.primary_key else []
        cursor.execute(f"create table {mart.table} ({', '.join(parts)})")
    else:
        cursor.execute(f"drop view {mart.view}")
        cursor.execute(f"alter table {mart.table} drop constraint if exists {mart.key_name}")
        there, wanted = _columns(cursor, mart), {column.definition: column for column in mart.table_columns}
        for definition in there.keys() - wanted.keys():
            cursor.execute(f"alter table {mart.table} drop column {quoted(there[definition])}")
        for definition in [each for each in wanted if each not in there]:
            cursor.execute(f"alter table {mart.table} add column {definition}")
        if mart.primary_key:
            cursor.execute(f"alter table {mart.table} add {mart.primary_key}")
    cursor.execute(mart.view_definition)
    for comment in mart.comments:
        cursor.execute(comment)


def _columns(cursor: dbapi.Cursor, mart: ServedMart) -> dict[str, str]:
    """Return the names of the columns a table has, by their definitions."""
    cursor.execute(
        f"""
        select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute
        where attrelid = {literal(mart.table)}::regclass and attnum > 0 and not attisdropped
        """  # noqa: S608
    )
    return {TableColumn(*column).definition: column[0] for column in cursor.fetchall()}


def _load(warehouse: duckdb.DuckDBPyConnection, cursor: dbapi.Cursor, mart: ServedMart) -> int:
    batches = warehouse.execute(mart.rows_query).to_arrow_reader(ROWS_A_BATCH)
    return int(cursor.adbc_ingest(mart.name, batches, mode="append", db_schema_name=TABLES))


def _vacuum(postgres: dbapi.Connection, marts: tuple[ServedMart, ...]) -> None:
    """Free the room of the old night's rows now; PostgreSQL itself would, some time."""
    try:
        with postgres.cursor() as cursor:
            cursor.execute(f"vacuum (analyze) {', '.join(mart.table for mart in marts)}")
    except dbapi.Error as error:
        logger.warning("served, but not vacuumed: %s", _said(error))


def _exists(cursor: dbapi.Cursor, query: str) -> bool:
    cursor.execute(query)
    return cursor.fetchone() is not None


@contextmanager
def _errors_explained(connection: ServingConnection, night: Night) -> Iterator[None]:
    again = f"then run: valuegap serve --as-of {night.as_of_date}."
    try:
        yield
    except dbapi.Error as error:
        if error.sqlstate is None:
            raise PublishError(
                f"PostgreSQL does not answer or let us in at {connection}: {_said(error)}",
                remedy="See that the server runs and that host, port, schema (the database), login and"
                f" password of AIRFLOW_CONN_WAREHOUSE_SERVING are right; {again}",
            ) from None
        if error.sqlstate == LOCK_NOT_AVAILABLE:
            raise PublishError(
                f"Columns of marts have changed, and readers of {connection} have kept the old ones in use"
                f" for {LOCK_TIMEOUT}. They still have the old night.",
                remedy=f"End the transactions that pg_stat_activity shows as open, {again}",
            ) from None
        raise PublishError(
            f"PostgreSQL at {connection} refused: {_said(error)} Readers still have the old night.",
            remedy=f"Mend what it says (docs/postgres.md has the rights the login needs), {again}",
        ) from None


def _said(error: dbapi.Error) -> str:
    """Return what PostgreSQL said in one line, without its detail: that may hold a row's values."""
    primary = dict(error.details).get(b"PG_DIAG_MESSAGE_PRIMARY")
    if isinstance(primary, bytes):
        return f"{primary.decode(errors='replace')} ({error.sqlstate})."
    lines = str(error).removeprefix("IO: [libpq] Failed to connect: ").splitlines()
    return lines[0] if lines else type(error).__name__
