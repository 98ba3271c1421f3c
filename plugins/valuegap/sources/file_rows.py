"""Rows of a dropped file, whatever its format: each a mapping of the file's own columns to their text."""

import csv
import json
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any

from valuegap.sources.file_mapping import FileMapping

MAX_UNPACKED_BYTES = 1 << 30
MAX_CELL_CHARACTERS = 1 << 24
ROWS_AT_ONCE = 1_000
WORKBOOK_DIGITS = 15

Row = dict[str, Any] | bytes
"""Values by column; or bytes that are no row, to be landed as they stand and set aside by the loader."""


class UnreadableFileError(Exception):
    """What is wrong with a file, and where: text for a person."""


def rows_of(path: Path, mapping: FileMapping) -> Iterator[Row]:
    """Yield the rows of a file, blank ones left out.

    A row with more cells than there are columns, and a line that is no JSON object, is yielded as bytes.

    Raises:
        UnreadableFileError: The file is not of its format, or lacks a column of its mapping.
    """
    reader = {"csv": _csv_rows, "ndjson": _json_rows, "parquet": _parquet_rows, "xlsx": _workbook_rows}
    return reader[mapping.format](path, mapping)


def _csv_rows(path: Path, mapping: FileMapping) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    with _text_file(path, mapping) as file:
        reader = csv.reader(
            islice(file, int(mapping.skip_rows), None), delimiter=mapping.delimiter, strict=True
        )
        try:
            yield from _table_rows(reader, mapping)
        except csv.Error as error:
            raise UnreadableFileError(
                f"line {int(mapping.skip_rows) + reader.line_num}: {error} (delimiter {mapping.delimiter!r})"
            ) from error
        except UnicodeError as error:
            raise _not_text(mapping, f"after line {int(mapping.skip_rows) + reader.line_num}") from error


def _json_rows(path: Path, mapping: FileMapping) -> Iterator[Row]:
    seen: dict[str, None] = {}
    n_lines = 0
    with _text_file(path, mapping) as file:
        try:
            for line in file:
                n_lines += 1
                if line.strip():
                    row = _json_row(line)
                    seen |= dict.fromkeys(row if isinstance(row, dict) else ())
                    yield row
        except UnicodeError as error:
            raise _not_text(mapping, f"after line {n_lines}") from error
    if n_lines:
        _require_columns(tuple(seen), mapping)


def _json_row(line: str) -> Row:
    """Parse a line with its numbers as the text they stand in: no digit is rounded."""
    try:
        row = json.loads(line, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        row = None
    return row if isinstance(row, dict) else line.strip().encode()


def _parquet_rows(path: Path, mapping: FileMapping) -> Iterator[Row]:
    import duckdb  # noqa: PLC0415 - heavy

    with duckdb.connect() as connection:
        try:
            found = connection.execute("select * from read_parquet($file)", {"file": str(path)})
            columns = [column[0] for column in found.description or ()]
            _require_columns(columns, mapping)
            while cells := found.fetchmany(ROWS_AT_ONCE):
                yield from (dict(zip(columns, map(_cell, row), strict=True)) for row in cells)
        except duckdb.Error as error:
            raise UnreadableFileError(f"not a Parquet file: {str(error).splitlines()[0][:120]}") from error


def _workbook_rows(path: Path, mapping: FileMapping) -> Iterator[Row]:
    _require_bounded_zip(path)
    try:
        with path.open("rb") as file:
            yield from _sheet_rows(file, mapping)
    except UnreadableFileError:
        raise
    except Exception as error:  # whatever its reader says of a damaged workbook
        raise UnreadableFileError(f"not an XLSX workbook: {' '.join(str(error).split())[:120]}") from error


def _sheet_rows(file: IO[bytes], mapping: FileMapping) -> Iterator[Row]:
    import openpyxl  # noqa: PLC0415 - heavy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of drawings and validations, which are no data
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    if mapping.sheet and mapping.sheet not in workbook.sheetnames:
        raise UnreadableFileError(
            f"there is no sheet {mapping.sheet!r}, only {', '.join(workbook.sheetnames)}"
        )
    sheet = workbook[mapping.sheet or workbook.sheetnames[0]]
    sheet.reset_dimensions()  # what some programs write there is less than what there is
    cells = (list(map(_cell, row)) for row in sheet.iter_rows(values_only=True))
    yield from _table_rows(islice(cells, int(mapping.skip_rows), None), mapping)


def _table_rows(cells: Iterator[list[Any]], mapping: FileMapping) -> Iterator[Row]:
    columns = _columns(next(cells, []))
    _require_columns(columns, mapping)
    for row in cells:
        if not any(cell.strip() if isinstance(cell, str) else cell for cell in row):
            continue
        extra = row[len(columns) :]
        if any(extra):
            yield json.dumps(row, ensure_ascii=False).encode()
        else:
            yield dict(zip(columns, row, strict=False))


def _columns(header: Sequence[Any]) -> list[str]:
    """Return the header's names, made different where they are not, so that no column hides another."""
    names = [str(name).strip() for name in header]
    while names and not names[-1]:
        names.pop()
    return [
        name if name and name not in names[:place] else f"{name} ({place + 1})".strip()
        for place, name in enumerate(names)
    ]


def _require_columns(columns: Sequence[str], mapping: FileMapping) -> None:
    if missing := [name for name in mapping.file_columns if name not in columns]:
        raise UnreadableFileError(
            f"there is no column {missing[0]!r}, only {', '.join(repr(name) for name in columns[:12])}"
        )


def _require_bounded_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise UnreadableFileError(f"not an XLSX workbook: {error}") from error
    if size > MAX_UNPACKED_BYTES:
        raise UnreadableFileError(f"unpacks to {size:,} bytes, more than {MAX_UNPACKED_BYTES:,}")


def _text_file(path: Path, mapping: FileMapping) -> IO[str]:
    return path.open(encoding=mapping.encoding, newline="")


def _not_text(mapping: FileMapping, where: str) -> UnreadableFileError:
    return UnreadableFileError(f"{where}: not text in {mapping.encoding}; try encoding: cp1252")


def _cell(value: object) -> Any:  # noqa: ANN401 - a cell may hold a list
    """Return a typed cell as a person would have written it: an empty one as "", times as ISO 8601."""
    if isinstance(value, dict):
        return {str(key): _cell(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_cell(member) for member in value]
    return "" if value is None else _scalar(value)


def _scalar(value: object) -> str:
    """Whole numbers have no `.0`, others the 15 digits a workbook knows."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < 10**WORKBOOK_DIGITS
        return str(int(value)) if is_whole else f"{value:.{WORKBOOK_DIGITS}g}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)
