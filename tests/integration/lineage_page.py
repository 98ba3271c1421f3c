"""docs/lineage.md: what every published table is made of, down to the vendors' tables, as dbt's manifest says.

    make docs

writes it; `test_lineage_page.py` holds it to the project.
"""

import tempfile
import textwrap
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from tests.dbt.project_manifest import Manifest, Node
from tests.integration.mart_pages import AREAS, DOCS, Mart

PAGE = DOCS / "lineage.md"


def lineage_page(manifest: Manifest) -> str:
    """Return the page."""
    marts = list(manifest.marts().values())
    staging = _models(manifest, "staging")
    intermediate = _models(manifest, "intermediate")
    sections = [
        "# Lineage",
        _wrapped(
            "What every mart is made of, model by model, down to the vendors' tables. This page is made of dbt's own"
            " manifest."
        ),
        _picture(manifest, staging, intermediate, marts),
        "## Marts",
        _wrapped(
            "*Goes back to* names the sources at the end of every way up from the mart: when one of them fails, the"
            " mart shows what was known of it the night before, and `freshness` says so."
        ),
        *_areas(manifest, marts),
        "## Intermediate models",
        _table(["model", "reads", "is read by"], _rows(manifest, intermediate)),
        "## Staging",
        _wrapped("A model for each vendor's table renames and casts, and does nothing else."),
        _table(["model", "reads", "is read by"], _rows(manifest, staging)),
        "## Lists of yours",
        _wrapped("CSV files in `dbt_project/seeds/`, to be replaced by your company's own."),
        _table(
            ["list", "is read by"],
            [[_link(seed), _links(readers)] for seed, readers in _seeds(manifest)],
        ),
    ]
    return "\n\n".join(section.rstrip("\n") for section in sections) + "\n"


def _models(manifest: Manifest, layer: str) -> list[Node]:
    nodes = (node for node in manifest.nodes.values() if node["resource_type"] == "model")
    return sorted((node for node in nodes if node["fqn"][1] == layer), key=lambda node: str(node["name"]))


def _rows(manifest: Manifest, nodes: Iterable[Node]) -> list[list[str]]:
    readers = _readers(manifest)
    return [
        [_link(node), _links(manifest.read_by(node)), _links(readers[node["unique_id"]])] for node in nodes
    ]


def _seeds(manifest: Manifest) -> Iterator[tuple[Node, Sequence[Node]]]:
    readers = _readers(manifest)
    for node in sorted(manifest.nodes.values(), key=lambda node: str(node["name"])):
        if node["resource_type"] == "seed":
            yield node, readers[node["unique_id"]]


def _readers(manifest: Manifest) -> Mapping[str, list[Node]]:
    """Return, for each unique id, the models that read it, in order of name."""
    readers: dict[str, list[Node]] = defaultdict(list)
    for node in sorted(manifest.nodes.values(), key=lambda node: str(node["name"])):
        if node["resource_type"] == "model":
            for read in node["depends_on"]["nodes"]:
                readers[read].append(node)
    return readers


def _picture(
    manifest: Manifest, staging: Sequence[Node], intermediate: Sequence[Node], marts: Sequence[Node]
) -> str:
    tables = Counter(
        node["source_name"] for node in manifest.nodes.values() if node["resource_type"] == "source"
    )
    lines = [f"{name:<12}{n:>3} tables ─┤" for name, n in sorted(tables.items())]
    lines[len(lines) // 2] += (
        f"►  staging {len(staging)} models ─►  intermediate {len(intermediate)} models ─►  {len(marts)} marts"
    )
    return "```text\n" + "\n".join(lines) + "\n```"


def _areas(manifest: Manifest, marts: Iterable[Node]) -> Iterator[str]:
    sources = _sources(manifest)
    by_area: dict[str, list[Node]] = defaultdict(list)
    for node in sorted(marts, key=lambda node: str(node["name"])):
        by_area[Mart(node["name"], "", (), {}, node, ()).area].append(node)
    for area in (area for area in AREAS if area in by_area):
        yield f"### {AREAS[area]}"
        rows = [
            [_link(node), _links(manifest.read_by(node)), ", ".join(sorted(sources(node["unique_id"])))]
            for node in by_area[area]
        ]
        yield _table(["mart", "reads", "goes back to"], rows)


def _sources(manifest: Manifest) -> Callable[[str], frozenset[str]]:
    """Return what names the sources at the end of every way up from a node."""

    @cache
    def sources(unique_id: str) -> frozenset[str]:
        node = manifest.nodes[unique_id]
        if node["resource_type"] == "source":
            return frozenset({f"`{node['source_name']}`"})
        return frozenset().union(*(sources(read) for read in node["depends_on"].get("nodes", ())))

    return sources


def _links(nodes: Iterable[Node]) -> str:
    return ", ".join(_link(node) for node in nodes) or "nothing"


def _link(node: Node) -> str:
    if node["resource_type"] == "source":
        return f"`{node['source_name']}.{node['name']}`"
    if node["resource_type"] == "model" and node["fqn"][1] == "marts":
        return f"[{node['name']}](marts/{node['name']}.md)"
    return f"[{node['name']}](../dbt_project/{node['original_file_path']})"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in [header, ["---"] * len(header), *rows])


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def _main() -> None:
    with tempfile.TemporaryDirectory() as work_dir:
        PAGE.write_text(lineage_page(Manifest.parsed(Path(work_dir))))


if __name__ == "__main__":
    _main()
