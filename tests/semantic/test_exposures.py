"""Who reads which marts: dbt's exposures against the code that reads them."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from tests.semantic.semantic_layer import PROJECT

from valuegap.settings import PROJECT_ROOT

DASHBOARD = PROJECT_ROOT / "plugins" / "valuegap" / "dashboard"
SUPERSET = PROJECT_ROOT / "bi" / "superset"
PAGES = [
    "overview", "gaps", "priorities", "value", "growth", "service", "customer", "data_quality", "dictionary",
]  # fmt: skip
FRAME = ["filters", "published"]  # what every page shows beside its own
WHOLE = [
    "export_parquet", "export_csv", "export_hyper", "export_duckdb", "export_contracts", "serving_postgres",
    "dashboard_sql",
]  # fmt: skip


@pytest.fixture(scope="module")
def exposures(layer) -> dict[str, set[str]]:
    """The marts of each exposure."""
    return {
        exposure["name"]: {node.rsplit(".", 1)[-1] for node in exposure["depends_on"]["nodes"]}
        for exposure in layer.manifest["exposures"].values()
    }


@pytest.fixture(scope="module")
def marts(layer) -> set[str]:
    models = (node for node in layer.manifest["nodes"].values() if node["resource_type"] == "model")
    return {node["name"] for node in models if node["fqn"][1] == "marts"}


def modules_of(name: str, seen: set[str]) -> set[str]:
    """A module of the dashboard and those of the dashboard it imports."""
    if name in seen:
        return seen
    seen.add(name)
    for node in ast.walk(ast.parse((DASHBOARD / f"{name}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("valuegap.dashboard"):
            inner = (node.module or "").split(".")[2:]
            for imported in inner[:1] or [alias.name for alias in node.names]:
                if (DASHBOARD / f"{imported}.py").exists():
                    modules_of(imported, seen)
    return seen


def named_in(page: str) -> set[str]:
    """What a page reads of schema `marts`, by the names in its code and in what it imports."""
    modules: set[str] = set()
    for name in (page, *FRAME):
        modules_of(name, modules)
    code = "".join((DASHBOARD / f"{name}.py").read_text() for name in modules)
    return set(re.findall(r"\bmarts\.([a-z]\w*)", code)) - {
        "publication"
    }  # written by publishing, not by dbt


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_dashboard_depends_on_the_marts_its_code_names(page, exposures, marts) -> None:
    assert sorted(exposures[f"dashboard_{page}"] ^ (named_in(page) & marts)) == []


def test_every_page_of_the_dashboard_is_an_exposure(exposures) -> None:
    shown = set(re.findall(r"\b(\w+)\.show\b", (DASHBOARD / "app.py").read_text()))
    assert {f"dashboard_{page}" for page in shown} == {
        name for name in exposures if name.startswith("dashboard_")
    }


@pytest.mark.parametrize("name", WHOLE)
def test_what_hands_on_everything_depends_on_every_mart(name, exposures, marts) -> None:
    assert sorted(exposures[name] ^ marts) == []


def test_the_superset_dashboard_depends_on_the_tables_of_its_datasets(exposures) -> None:
    tables = {
        yaml.safe_load(file.read_text())["table_name"] for file in SUPERSET.glob("**/datasets/**/*.yaml")
    }
    assert tables
    assert exposures["superset"] == tables


def test_every_exposure_has_an_owner_by_role_and_a_place_on_this_machine(layer) -> None:
    strange = [
        exposure["name"]
        for exposure in layer.manifest["exposures"].values()
        if not re.fullmatch(r"[a-z]+@company\.example", exposure["owner"]["email"])
        or not re.match(r"(http|postgresql)://127\.0\.0\.1:|data/exports/latest/", exposure["url"])
    ]
    assert strange == []


def test_the_exposures_stand_in_one_file() -> None:
    files = [
        file.relative_to(PROJECT)
        for file in (PROJECT / "models").rglob("*.yml")
        if re.search(r"(?m)^exposures:", file.read_text())
    ]
    assert files == [Path("models/exposures/_exposures.yml")]
