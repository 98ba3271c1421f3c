"""The answers beside the SQL in README.md and docs/questions.md.

    .venv/bin/python -m tests.integration.readme_answers data/published/warehouse.duckdb

writes them anew from the demo company's first night; `test_readme.py` holds them to it.
"""

import re
import sys
from pathlib import Path

import duckdb

README = Path(__file__).resolve().parents[2] / "README.md"
PAGES = (README, README.parent / "docs" / "questions.md")
QUESTION = re.compile(r"(```sql\n)(.*?)(```\n\n)((?:\|[^\n]*\n)*)", re.DOTALL)


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Return the rows of a query as a Markdown table."""
    result = connection.execute(sql)
    header = [column[0] for column in result.description or ()]
    rows = [[_text(value) for value in row] for row in result.fetchall()]
    return "".join(f"| {' | '.join(row)} |\n" for row in [header, ["---"] * len(header), *rows])


def questions(text: str) -> list[tuple[str, str]]:
    """Return each SQL block with the table that follows it."""
    return [(match[2], match[4]) for match in QUESTION.finditer(text)]


def answered(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """Return the text with every table replaced by what the query before it answers."""
    return QUESTION.sub(lambda match: match[1] + match[2] + match[3] + answer(connection, match[2]), text)


def _text(value: object) -> str:
    return "" if value is None else str(value)


if __name__ == "__main__":
    with duckdb.connect(sys.argv[1], read_only=True) as published:
        for page in PAGES:
            page.write_text(answered(published, page.read_text()))
