"""What a table holds, as one hash: the way to say that two nights found the same."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import duckdb

from valuegap.raw_values import quoted
from valuegap.warehouse import duckdb_errors_explained

NOT_CONTENT = ("run_id", "config_hash", "recorded_config_hash", "input_hash")
"""Columns that name the run and its input rather than what was found."""


def table_hashes(file: Path, schema: str = "marts", exclude: Sequence[str] = NOT_CONTENT) -> dict[str, str]:
    """Return the content hash of each table of a schema, by table name.

    Two tables have the same hash when they have the same column names and types and the same rows,
    each as often; the order of rows and columns does not count. Values count exactly: NULL is not
    the text "NULL", 0.0 is not -0.0, and a double counts to its last bit.

    Args:
        file: A DuckDB file no other process writes to.
        schema: Its schema.
        exclude: Columns left out.

    Raises:
        WarehouseLockedError: another process writes to the file.
        WarehouseError: the file is damaged.
    """
    with duckdb_errors_explained(file), duckdb.connect(str(file.resolve()), read_only=True) as connection:
        return schema_hashes(connection, schema, exclude)


def schema_hashes(
    connection: duckdb.DuckDBPyConnection, schema: str, exclude: Sequence[str] = ()
) -> dict[str, str]:
    """Return `table_hashes` of the database a connection is on."""
    # A timestamp with zone is written in the session's zone.
    connection.execute("set timezone = 'UTC'")
    tables = connection.execute(
        """
        select table_name, list(column_name order by column_name), list(data_type order by column_name)
        from duckdb_columns()
        where database_name = current_database() and schema_name = ? and not list_contains(?, column_name)
        group by table_name order by table_name
        """,
        [schema, list(exclude)],
    ).fetchall()
    return {
        table: _table_hash(connection, f"{quoted(schema)}.{quoted(table)}", columns, types)
        for table, columns, types in tables
    }


def _table_hash(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], types: Sequence[str]
) -> str:
    # JSON is the one text in which NULL, numbers and strings cannot be mistaken for each other. Sums,
    # unlike bit_xor, count a row that stands there twice.
    document = ", ".join(f"{quoted(column)} := {quoted(column)}" for column in columns)
    sums = connection.execute(
        f"""
        with documents as (select to_json(struct_pack({document})) as document from {table})
        select count(*), sum(md5_number_lower(document)), sum(md5_number_upper(document)) from documents
        """  # noqa: S608 - identifiers of the file's own catalogue, quoted
    ).fetchone()
    return hashlib.sha256(repr((list(columns), list(types), sums)).encode()).hexdigest()
