"""The marts as CSV after RFC 4180, in UTF-8, with text that no spreadsheet takes for a formula."""

from pathlib import Path

import duckdb

from valuegap.publish.files import sql_literal
from valuegap.publish.released import RELEASED, Column, Table
from valuegap.raw_values import quoted

FORMULA_STARTS = "=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20"
"""What text that may be taken for a formula begins with; the last four are = + - @ in full width."""


def write_csv(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> tuple[Path, int]:
    """Write a mart to `folder`/<mart>.csv; return the file and its rows.

    An apostrophe stands before text that would begin like a formula; numbers are as they are. NULL is an
    empty cell and empty text is "".
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{table.name}.csv"
    cells = ", ".join(_cell(column) for column in table.released_columns)
    (rows,) = connection.execute(
        f"copy (select {cells} from {RELEASED}.marts.{quoted(table.name)}) to {sql_literal(file)} "  # noqa: S608
        r"(format csv, header, new_line '\r\n')"
    ).fetchone() or (0,)
    return file, int(rows)


def _cell(column: Column) -> str:
    name = quoted(column.name)
    if not column.type.startswith("VARCHAR"):
        return name
    return f"regexp_replace({name}, '^([{FORMULA_STARTS}])', '''\\1') as {name}"
