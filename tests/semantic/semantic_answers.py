"""The answers beside the questions in docs/semantic-layer.md.

    .venv/bin/python -m tests.semantic.semantic_answers data/published/warehouse.duckdb

writes them anew from the demo company's first night; `test_semantic_layer.py` holds them to it.
"""

import re
import shlex
import sys
import tempfile
from pathlib import Path

import duckdb
from metricflow.data_table.mf_table import MetricFlowDataTable
from tests.semantic.semantic_layer import PAGE, SemanticLayer, published

QUESTION = re.compile(
    r"(```sh\n\.\./\.venv/bin/mf query )([^\n]*)(\n```\n\n```text\n)(.*?)(```\n)", re.DOTALL
)


def questions(text: str) -> list[tuple[str, str]]:
    """Return the options of each `mf query` with the answer that follows it."""
    return [(match[2], match[4]) for match in QUESTION.finditer(text)]


def answer(layer: SemanticLayer, connection: duckdb.DuckDBPyConnection, options: str) -> str:
    """Return what `mf query` prints for its options."""
    given: dict[str, list[str]] = {}
    words = shlex.split(options)
    for name, value in zip(words[::2], words[1::2], strict=True):
        given.setdefault(name, []).append(value)
    listed = {name: given.get(name, [""])[0].split(",") for name in ("--metrics", "--group-by", "--order")}
    sql = layer.sql(listed["--metrics"], listed["--group-by"], given.get("--where", ()), listed["--order"])
    result = connection.execute(sql)
    names = [column[0] for column in result.description or ()]
    table = MetricFlowDataTable.create_from_rows(names, result.fetchall())
    lines = table.text_format(int(given["--decimals"][0])).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def answered(layer: SemanticLayer, connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """Return the page with every answer replaced by what its question gets."""
    return QUESTION.sub(
        lambda found: found[1] + found[2] + found[3] + answer(layer, connection, found[2]) + found[5], text
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, published(Path(sys.argv[1]).resolve()) as warehouse:
        PAGE.write_text(answered(SemanticLayer.parsed(Path(folder)), warehouse, PAGE.read_text()))
