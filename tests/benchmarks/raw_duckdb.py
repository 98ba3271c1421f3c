"""What DuckDB alone needs for the bytes a stage works on: the yardstick beside each stage's figures.

python -m tests.benchmarks.raw_duckdb read|copy|count SOURCE [SCHEMA_PATTERN]
"""

import sys
import tempfile

import duckdb


def read(pages: str) -> None:
    """Put the lines of landed pages into a table."""
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect(f"{scratch}/read.duckdb") as connection:
        connection.execute("set threads = 2")
        connection.execute(
            "create table landed as select json from read_ndjson_objects(?, maximum_object_size = 67108864)",
            [pages],
        )


def copy(file: str) -> None:
    """Copy every table of a DuckDB file into another."""
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect(f"{scratch}/copy.duckdb") as connection:
        connection.execute("set threads = 2")
        connection.execute(f"attach '{file}' as original (read_only)")
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'original'"
        ).fetchall():
            connection.execute(f'create table "{schema}__{table}" as from original."{schema}"."{table}"')


def count(file: str, schemas: str) -> None:
    """Count the distinct values of every column."""
    with duckdb.connect(file, read_only=True) as connection:
        connection.execute("set threads = 2")
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name like ?", [schemas]
        ).fetchall():
            connection.execute(
                f'select approx_count_distinct(columns(*)) from "{schema}"."{table}"'
            ).fetchall()


if __name__ == "__main__":
    {"read": read, "copy": copy, "count": count}[sys.argv[1]](*sys.argv[2:])
