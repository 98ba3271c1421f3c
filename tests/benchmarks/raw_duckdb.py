"""What DuckDB alone needs for the bytes a stage works on: the yardstick beside each stage's figures.

python -m tests.benchmarks.raw_duckdb read|copy|count SOURCE [SCHEMA_PATTERN]

It has the threads and the memory of a stage, and keeps no order of rows either: with all of the machine's memory,
a copy of the build of size M took more than there was.
"""

import sys
import tempfile

import duckdb

from valuegap.settings import Settings

SETTINGS = Settings.from_environment()
AS_A_STAGE: dict[str, str | bool | int | float | list[str]] = {
    "threads": SETTINGS.threads,
    "memory_limit": SETTINGS.memory_limit,
    "preserve_insertion_order": False,
}


def read(pages: str) -> None:
    """Put the lines of landed pages into a table."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        duckdb.connect(f"{scratch}/read.duckdb", config=AS_A_STAGE) as connection,
    ):
        connection.execute(
            "create table landed as select json from read_ndjson_objects(?, maximum_object_size = 67108864)",
            [pages],
        )


def copy(file: str) -> None:
    """Copy every table of a DuckDB file into another."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        duckdb.connect(f"{scratch}/copy.duckdb", config=AS_A_STAGE) as connection,
    ):
        connection.execute(f"attach '{file}' as original (read_only)")
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'original'"
        ).fetchall():
            connection.execute(f'create table "{schema}__{table}" as from original."{schema}"."{table}"')


def count(file: str, schemas: str) -> None:
    """Count the distinct values of every column."""
    with duckdb.connect(file, read_only=True, config=AS_A_STAGE) as connection:
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name like ?", [schemas]
        ).fetchall():
            connection.execute(
                f'select approx_count_distinct(columns(*)) from "{schema}"."{table}"'
            ).fetchall()


if __name__ == "__main__":
    {"read": read, "copy": copy, "count": count}[sys.argv[1]](*sys.argv[2:])
