"""The marts as one Tableau extract, `valuegap.hyper`, each a table of its schema `marts`.

Needs the extra `serving`. Rows are handed over in batches: no mart is in memory at once.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from valuegap.errors import PublishError
from valuegap.publish.released import RELEASED, Column, Table
from valuegap.raw_values import quoted

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 100_000
MOST_DIGITS = 18
TAKEN = {"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "DOUBLE", "BOOLEAN", "VARCHAR", "DATE", "TIMESTAMP"}
# pantab refuses these: numbers become the next kind of number that it takes.
REPLACED = {
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DOUBLE",
    "HUGEINT": "DOUBLE",
    "UHUGEINT": "DOUBLE",
    "FLOAT": "DOUBLE",
}


def require_pantab() -> None:
    """Make sure the library is there before anything is written.

    Raises:
        PublishError: it is not.
    """
    try:
        import pantab  # noqa: F401, PLC0415
        import pyarrow  # noqa: F401, PLC0415
    except ImportError as error:
        raise PublishError(
            f"VALUEGAP_EXPORTS names hyper, and the library for it is not installed: {error}.",
            remedy="Run: pip install 'valuegap[serving]', or take hyper out of VALUEGAP_EXPORTS.",
        ) from error


def write_hyper(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[Table, int]], file: Path
) -> None:
    """Write the marts, each with the number of its rows, to `file`.

    Raises:
        PublishError: Hyper took fewer rows than there are.
    """
    import pantab  # noqa: PLC0415 - an extra

    file.parent.mkdir(parents=True, exist_ok=True)
    # pantab ends a table without a word where reading its rows fails: what was handed over is counted.
    handed_over: dict[str, int] = {}
    pantab.frames_to_hyper(
        {("marts", table.name): _reader(connection, table, handed_over) for table, _ in tables}, file
    )
    short = [table.name for table, rows in tables if handed_over.get(table.name) != rows]
    if short:
        raise PublishError(
            f"{file.name} did not get all rows of {', '.join(short)}.",
            remedy="Free memory or disk, then run this again; readers still have the export before.",
        )


def hyper_type(type_: str) -> str:
    """Return the DuckDB type a column has in the extract; what Tableau has no type for becomes text."""
    decimal = re.fullmatch(r"DECIMAL\((\d+),\d+\)", type_)
    if decimal:
        return type_ if int(decimal[1]) <= MOST_DIGITS else "DOUBLE"
    return type_ if type_ in TAKEN else REPLACED.get(type_, "VARCHAR")


def _reader(
    connection: duckdb.DuckDBPyConnection, table: Table, handed_over: dict[str, int]
) -> "pa.RecordBatchReader":
    """Return the rows of a mart; the query runs when Hyper asks for the first of them."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    cells = ", ".join(_cell(column) for column in table.released_columns)
    query = f"select {cells} from {RELEASED}.marts.{quoted(table.name)}"  # noqa: S608
    schema = connection.execute(f"{query} limit 0").to_arrow_reader(1).schema

    def batches() -> "Iterator[pa.RecordBatch]":
        given = 0
        for batch in connection.execute(query).to_arrow_reader(BATCH_ROWS):
            yield batch
            given += batch.num_rows
        handed_over[table.name] = given

    return pa.RecordBatchReader.from_batches(schema, batches())


def _cell(column: Column) -> str:
    name, type_ = quoted(column.name), hyper_type(column.type)
    return name if type_ == column.type else f"cast({name} as {type_}) as {name}"
