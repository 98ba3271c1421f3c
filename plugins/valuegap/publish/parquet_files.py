"""The marts as Parquet: a folder a mart, and of a large one a file a month.

Large is what has more than `PARTITIONED_FROM` rows. Its month is that of `period_start`, or else of its first
column that is a date or a time; `as_of_date`, which is the same in every row, does not count.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from valuegap.publish.files import sql_literal
from valuegap.publish.released import RELEASED, Column, Table
from valuegap.raw_values import quoted

PARTITIONED_FROM = 1_000_000
NO_MONTH = "__HIVE_DEFAULT_PARTITION__"
"""How Hive, Spark, DuckDB and Arrow spell the month of rows without a date."""


def write_parquet(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: int, folder: Path
) -> Iterator[tuple[Path, int]]:
    """Write a mart below `folder`/<mart>/; yield each file and its rows.

    A file of a month is `month=2026-01-01/<mart>.parquet`, as Hive names partitions: readers that know the
    form can skip months, and show the month as one more column.
    """
    target = folder / table.name
    source = f"select * from {RELEASED}.marts.{quoted(table.name)}"  # noqa: S608
    dated = partition_column(table)
    if rows <= PARTITIONED_FROM or dated is None:
        yield _written(connection, source, target / f"{table.name}.parquet")
        return
    month = f"date_trunc('month', {quoted(dated.name)})::date"
    # One month after the other: DuckDB's own partitioned write holds all of them in memory.
    months = connection.execute(
        f"select distinct {month} as month from ({source}) order by month nulls last"  # noqa: S608
    ).fetchall()
    for (first_day,) in months:
        condition = f"{month} = date '{first_day}'" if first_day else f"{quoted(dated.name)} is null"
        of_month = target / f"month={first_day or NO_MONTH}"
        yield _written(connection, f"{source} where {condition}", of_month / f"{table.name}.parquet")


def partition_column(table: Table) -> Column | None:
    """Return the column whose month a large mart is partitioned by; None when it has no date."""
    dated = [
        column
        for column in table.released_columns
        if column.type.startswith(("DATE", "TIMESTAMP")) and column.name != "as_of_date"
    ]
    periods = [column for column in dated if column.name == "period_start"]
    return next(iter(periods + dated), None)


def _written(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> tuple[Path, int]:
    file.parent.mkdir(parents=True, exist_ok=True)
    (rows,) = connection.execute(
        f"copy ({query}) to {sql_literal(file)} (format parquet, compression zstd)"
    ).fetchone() or (0,)
    return file, int(rows)
