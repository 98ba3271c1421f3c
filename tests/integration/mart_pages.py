"""The pages under docs/ that are made of the warehouse itself: one a mart, the metrics, and the lists of pages.

    make docs

writes them from the demo company's first night; `test_mart_pages.py` holds them to it. What a page says of a mart
stands in three places: description and columns in the published file, question, example and limits under
`config.meta` in the mart's YAML, and formulas in `dbt_project/seeds/metric.csv`.
"""

import re
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from tests.dbt.project_manifest import Manifest, Node
from tests.integration.night_runner import FIRST, ROOT
from tests.integration.readme_answers import answer

DOCS = ROOT / "docs"
MOST_ROWS = 12
# Of the published tables this one alone is no model: publishing writes it.
PUBLICATION = {
    "question": "Which night does this file show, and what was it built from?",
    "example": "select as_of_date, run_id, code_version, table_count\nfrom marts.publication",
    "not_for": ["Not for how old the data of a source is, which `freshness` says."],
}
AREAS = {
    "value": "Value to the customer",
    "gaps": "Gaps",
    "priorities": "What drives satisfaction, and where to act",
    "feedback": "What customers say, and why it happens",
    "action": "What is done, and whether it worked",
    "service": "Service and agents",
    "relationship": "Satisfaction, loyalty, value of the customer",
    "growth": "Growth and retention",
    "trust": "Whether the numbers can be trusted",
    "facts": "What the figures are made of",
    "dimensions": "Who, what and when",
    "warehouse": "The warehouse itself",
}
METRIC_COLUMNS = (
    "metric_code, metric_name, question, formula, unit, direction, minimum, maximum, model, column_name,"
    " row_filter, formula_source, formula_version, owner"
)


@dataclass(frozen=True)
class Metric:
    """A row of `dim_metric`."""

    metric_code: str
    metric_name: str
    question: str
    formula: str
    unit: str
    direction: str
    minimum: float | None
    maximum: float | None
    model: str
    column_name: str
    row_filter: str | None
    formula_source: str
    formula_version: int
    owner: str

    @property
    def range(self) -> str:
        """Return its bounds in words."""
        low, high = (None if end is None else f"{end:g}" for end in (self.minimum, self.maximum))
        if low is not None and high is not None:
            return f"{low} to {high}"
        return f"{low} or more" if low is not None else f"{high} or less" if high is not None else "any"

    @property
    def better(self) -> str:
        """Return which way is better, in one word."""
        return {"higher_better": "higher", "lower_better": "lower"}.get(self.direction, "neither")

    @property
    def place(self) -> str:
        """Return the column it stands in, and which rows of it."""
        return f"`{self.column_name}`" + (f" where `{self.row_filter}`" if self.row_filter else "")


@dataclass(frozen=True)
class Mart:
    """A published table, what its YAML says of it, and what it is made of."""

    name: str
    description: str
    columns: Sequence[tuple[str, str, str]]
    meta: Mapping[str, Any]
    node: Node | None
    reads: Sequence[Node]

    @property
    def grain(self) -> str:
        """Return the first sentence of the description."""
        return re.split(r"(?<=\.)\s", self.description, maxsplit=1)[0]

    @property
    def area(self) -> str:
        """Return the key of the list it stands in."""
        folder = self.node["fqn"][2] if self.node else "warehouse"
        if folder != "core":
            return str(folder)
        kinds = {"fct": "facts", "bridge": "facts", "dim": "dimensions"}
        return kinds.get(self.name.split("_")[0], "warehouse")


def pages(published: Path, manifest: Manifest, docs: Path = DOCS) -> dict[str, str]:
    """Return each generated page by its path below docs/. `docs` holds the pages people write."""
    with duckdb.connect(str(published), read_only=True) as connection:
        marts = _marts(connection, manifest)
        metrics = _metrics(connection)
        texts = {
            f"marts/{mart.name}.md": _mart_page(connection, mart, metrics, {other.name for other in marts})
            for mart in marts
        }
    texts["marts/README.md"] = _marts_index(marts)
    texts["metrics.md"] = _metrics_page(metrics)
    return texts | {"README.md": _docs_index(docs, texts)}


def written(docs: Path = DOCS) -> dict[str, str]:
    """Return the pages as they are, by their path below docs/; those of docs/ itself only if generated."""
    files = [*docs.glob("marts/*.md"), docs / "metrics.md", docs / "README.md"]
    return {file.relative_to(docs).as_posix(): file.read_text() for file in files if file.exists()}


def _marts(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> list[Mart]:
    nodes = manifest.marts()
    tables = connection.execute(
        "select table_name, comment from duckdb_tables() where schema_name = 'marts' order by table_name"
    ).fetchall()
    strangers = sorted({name for name, _ in tables} ^ (nodes.keys() | {"publication"}))
    if strangers:
        raise LookupError(f"Built from other models than those of this checkout: {', '.join(strangers)}.")
    return [
        Mart(
            name,
            " ".join(comment.split()),
            _columns(connection, name),
            nodes[name]["config"]["meta"] if name in nodes else PUBLICATION,
            nodes.get(name),
            list(manifest.read_by(nodes[name])) if name in nodes else [],
        )
        for name, comment in tables
    ]


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str, str]]:
    return connection.execute(
        """
        select column_name, lower(data_type), coalesce(comment, '') from duckdb_columns()
        where schema_name = 'marts' and table_name = ? order by column_index
        """,
        [table],
    ).fetchall()


def _metrics(connection: duckdb.DuckDBPyConnection) -> list[Metric]:
    rows = connection.execute(f"select {METRIC_COLUMNS} from marts.dim_metric order by model, metric_code")
    return [Metric(*row) for row in rows.fetchall()]


def _mart_page(
    connection: duckdb.DuckDBPyConnection, mart: Mart, metrics: Iterable[Metric], names: set[str]
) -> str:
    missing = {"question", "example", "not_for"} - mart.meta.keys()
    if missing:
        raise LookupError(f"{mart.name}: its YAML lacks {', '.join(sorted(missing))} under config.meta.")
    rest = mart.description.removeprefix(mart.grain).strip()
    own = [metric for metric in metrics if metric.model == mart.name]
    sections = [
        f"# {mart.name}",
        f"**{mart.meta['question']}**",
        _wrapped(f"Grain: {mart.grain[0].lower()}{mart.grain[1:]}"),
        *([_wrapped(rest)] if rest else []),
        "## A question and its answer",
        f"```sql\n{mart.meta['example'].strip()}\n```",
        _answered(connection, mart),
        *(["## Metrics", _metric_table(own)] if own else []),
        "## Columns",
        _table(
            ["column", "type", "what it says"],
            [[f"`{name}`", kind, text] for name, kind, text in mart.columns],
        ),
        "## What it must not be used for",
        "\n".join(textwrap.fill(f"- {limit}", 118, subsequent_indent="  ") for limit in mart.meta["not_for"]),
        "## Where it comes from",
        _origin(mart, names),
    ]
    return "\n\n".join(section.rstrip("\n") for section in sections) + "\n"


def _answered(connection: duckdb.DuckDBPyConnection, mart: Mart) -> str:
    try:
        table = answer(connection, mart.meta["example"])
    except duckdb.Error as error:
        raise LookupError(f"{mart.name}: its example under config.meta fails: {error}") from error
    n_rows = len(table.splitlines()) - 2
    if n_rows > MOST_ROWS:
        raise LookupError(f"{mart.name}: its example answers {n_rows} rows; at most {MOST_ROWS} fit a page.")
    if n_rows == 0:
        return "No rows: the demo company has none on its first night."
    return table + "\nThe demo company after its first night."


def _origin(mart: Mart, names: set[str]) -> str:
    if mart.node is None:
        return "Written by `valuegap publish` ([promote.py](../../plugins/valuegap/publish/promote.py))."
    reads = [_link(node, names) for node in mart.reads]
    return _wrapped(
        f"[Its SQL](../../dbt_project/{mart.node['original_file_path']}) reads {', '.join(reads)}."
    )


def _link(node: Node, names: set[str]) -> str:
    if node["name"] in names:
        return f"[{node['name']}]({node['name']}.md)"
    if node["resource_type"] == "source":
        return f"`{node['source_name']}.{node['name']}`"
    return f"[{node['name']}](../../dbt_project/{node['original_file_path']})"


def _metric_table(metrics: Iterable[Metric]) -> str:
    return _table(
        ["metric", "formula", "unit", "range", "better", "stands in", "version", "source"],
        [
            [
                f"`{metric.metric_code}`",
                metric.formula,
                metric.unit,
                metric.range,
                metric.better,
                metric.place,
                str(metric.formula_version),
                metric.formula_source,
            ]
            for metric in metrics
        ],
    )


def _metrics_page(metrics: Sequence[Metric]) -> str:
    sections = [
        "# Metrics",
        _wrapped(
            "What each published number means: its formula, its unit, which way is better and who answers for its"
            " meaning. This page is `marts.dim_metric`, made of"
            " [metric.csv](../dbt_project/seeds/metric.csv). A formula that changes raises its version."
        ),
    ]
    for model in sorted({metric.model for metric in metrics}):
        own = [metric for metric in metrics if metric.model == model]
        rows = [
            [
                f"`{metric.metric_code}` {metric.metric_name}",
                metric.question,
                metric.formula,
                f"{metric.unit}, {metric.range}",
                metric.better,
                metric.place,
                f"{metric.formula_version}; {metric.formula_source}",
                metric.owner,
            ]
            for metric in own
        ]
        header = [
            "metric",
            "question",
            "formula",
            "unit and range",
            "better",
            "stands in",
            "version; source",
            "owner",
        ]
        sections += [f"## [{model}](marts/{model}.md)", _table(header, rows)]
    return "\n\n".join(section.rstrip("\n") for section in sections) + "\n"


def _marts_index(marts: Sequence[Mart]) -> str:
    sections = [
        "# Marts",
        _wrapped(
            "What stands in `data/published/warehouse.duckdb` and in the exports, by what one comes for. Each page has"
            " the grain, a real question with its real answer, the columns, and what the mart must not be used for."
        ),
    ]
    unlisted = sorted({mart.area for mart in marts} - AREAS.keys())
    if unlisted:
        raise LookupError(f"AREAS of tests/integration/mart_pages.py has no title for {', '.join(unlisted)}.")
    for area, title in AREAS.items():
        own = [mart for mart in marts if mart.area == area]
        if own:
            rows = [[f"[{mart.name}]({mart.name}.md)", mart.meta["question"], mart.grain] for mart in own]
            sections += [f"## {title}", _table(["mart", "the question it answers", "grain"], rows)]
    return "\n\n".join(section.rstrip("\n") for section in sections) + "\n"


def _docs_index(docs: Path, generated: Mapping[str, str]) -> str:
    """List every page of docs/ with its title and its first sentence."""
    files = [file for file in [*docs.glob("*.md"), *docs.glob("bi/*.md")] if file.name != "README.md"]
    texts = {file.relative_to(docs).as_posix(): file.read_text() for file in files}
    texts |= {path: text for path, text in generated.items() if path in {"metrics.md", "marts/README.md"}}
    rows = []
    for path, text in sorted(texts.items()):
        title, _, body = text.partition("\n")
        paragraph = " ".join(body.strip().split("\n\n")[0].split())
        if not re.match(r"[A-Z`]", paragraph):
            raise LookupError(f"docs/{path} does not begin with a sentence that says what it is about.")
        sentence = re.split(r"(?<=\.)\s", paragraph, maxsplit=1)[0]
        rows.append([f"[{title.removeprefix('# ')}]({path})", sentence])
    return f"# Documentation\n\n{_table(['page', 'what it begins with'], rows)}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(
        f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in line)} |\n"
        for line in lines
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def _main(published: Path) -> None:
    if not published.exists():
        sys.exit(
            f"There is no {published}. The pages show the demo company's first night: make run, then make docs."
        )
    with duckdb.connect(str(published), read_only=True) as connection:
        (night,) = connection.execute("select as_of_date from marts.publication").fetchone() or (None,)
    if str(night) != FIRST:
        sys.exit(
            f"{published} shows the night of {night}; the pages show the demo company's first, {FIRST}."
            " Move data/ away, then: make run, make docs."
        )
    with tempfile.TemporaryDirectory() as work_dir:
        texts = pages(published, Manifest.parsed(Path(work_dir)))
    for path in written().keys() - texts.keys():
        (DOCS / path).unlink()
    for path, text in texts.items():
        (DOCS / path).parent.mkdir(exist_ok=True)
        (DOCS / path).write_text(text)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
