"""What every mart must have, whoever adds it. Read from dbt's manifest: no exception but those named here."""

import csv
import re
import shutil
from pathlib import Path

import duckdb
import pytest
import yaml
from project_manifest import PROJECT, Manifest, Node, run_dbt

from valuegap.settings import PROJECT_ROOT, Settings

LINEAGE = ["as_of_date", "run_id", "config_hash"]
METRIC_BLOCK = {
    "n_responses",
    "n_customers",
    "estimate",
    "se",
    "ci_low",
    "ci_high",
    "is_reportable",
    "reliability",
}
KEY_TESTS = {"is_key", "unique_combination_of_columns"}
# Marts without a sum or count to be held against a source, and why none can be.
NO_FAN_OUT_GUARD = {
    "custom_field_value": "a deal's field stands on each of its lines by intent; its key holds one value a row and field",
    "dim_date": "made of the calendar, of no table; `is_contiguous` holds it",
    "mart_check": "made of the project's declarations, of no table; no rows are joined",
    "freshness": "one row per declared stream, and loads of a stream no longer declared belong to none",
    "schema_drift": "a function over the census of fields makes it; no rows are joined",
}
# Marts with estimates over customers that do not say whether enough are behind them, and why.
NO_SMALL_N_RULE = {
    "fct_deal": "one deal's facts",
    "purchase_model": "one fit over all customers; it is not usable where they are few, and says so",
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return Manifest.parsed(tmp_path_factory.mktemp("manifest"))


@pytest.fixture(scope="module")
def marts(manifest: Manifest) -> dict[str, Node]:
    found = manifest.marts()
    assert len(found) > 20
    return found


@pytest.fixture(scope="module")
def registry() -> list[dict[str, str]]:
    with (PROJECT / "seeds" / "metric.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def names(manifest: Manifest, model: str) -> set[str]:
    return {test["test_metadata"]["name"] for test in manifest.tests_of(model)}


def columns_with(manifest: Manifest, model: str, kind: str) -> set[str]:
    return {test["column_name"] for test in manifest.tests_of(model, kind=kind)}


def test_every_mart_says_its_grain_first(marts) -> None:
    assert [
        name
        for name, mart in marts.items()
        if not mart["description"].startswith(("One row per ", "One row."))
    ] == []


def test_every_mart_has_an_enforced_contract_and_describes_every_column(marts) -> None:
    without = [name for name, mart in marts.items() if not mart["config"]["contract"]["enforced"]]
    bare = [
        f"{name}.{column['name']}"
        for name, mart in marts.items()
        for column in mart["columns"].values()
        if not column["description"].strip() or not column["data_type"]
    ]
    assert (without, bare) == ([], [])


def test_every_mart_has_a_test_of_its_grain(manifest, marts) -> None:
    def is_held(name: str) -> bool:
        keys = columns_with(manifest, name, "unique") & columns_with(manifest, name, "not_null")
        return bool(names(manifest, name) & KEY_TESTS or keys)

    assert [name for name in marts if not is_held(name)] == []


def test_the_doubles_of_every_mart_are_tested_to_be_finite(manifest, marts) -> None:
    with_doubles = {
        name
        for name, mart in marts.items()
        if any(column["data_type"] == "double" for column in mart["columns"].values())
    }
    tested = {name for name in marts if "doubles_are_finite" in names(manifest, name)}
    assert sorted(with_doubles ^ tested) == []


def test_estimates_over_customers_say_whether_enough_are_behind_them(marts) -> None:
    silent = {
        name
        for name, mart in marts.items()
        if mart["columns"].keys() & {"segment_key", "n_customers"}
        and any(column["data_type"] == "double" for column in mart["columns"].values())
        and not {"is_reportable", "reliability"} <= mart["columns"].keys()
    }
    assert sorted(silent ^ NO_SMALL_N_RULE.keys()) == []


def test_every_mart_is_held_against_what_it_is_made_of(manifest, marts) -> None:
    unguarded = {name for name in marts if not manifest.tests_of(name, kind="reconciles_with")}
    assert sorted(unguarded ^ NO_FAN_OUT_GUARD.keys()) == []


def test_every_mart_says_which_night_and_configuration_built_it(marts) -> None:
    assert [name for name, mart in marts.items() if list(mart["columns"])[-3:] != LINEAGE] == []


def test_every_mart_has_a_suite_at_the_gate(marts) -> None:
    suites = {
        file.stem: yaml.safe_load(file.read_text())
        for file in (PROJECT_ROOT / "expectations/marts").glob("*.yml")
    }
    assert sorted(suites.keys() ^ marts.keys()) == []
    unknown = [
        (name, column)
        for name, suite in suites.items()
        for column in suite["key"]
        if column not in marts[name]["columns"]
    ]
    assert unknown == []


def test_every_mart_has_what_its_page_is_made_of(marts) -> None:
    def lacks(mart: Node) -> list[str]:
        meta = mart["config"]["meta"]
        missing = [key for key in ("question", "example", "not_for") if not meta.get(key)]
        if missing:
            return [f"config.meta.{key}" for key in missing]
        return [
            complaint
            for complaint, is_so in {
                "the question is no question": not meta["question"].endswith("?"),
                "the example asks another table first": not re.search(
                    rf"\bmarts\.{mart['name']}\b", meta["example"]
                ),
                "the example has no order": not re.search(r"(?m)^order by ", meta["example"]),
                "not_for is no list of one to four sentences": not (
                    isinstance(meta["not_for"], list) and 1 <= len(meta["not_for"]) <= 4
                ),
            }.items()
            if is_so
        ]

    assert {name: lacks(mart) for name, mart in marts.items() if lacks(mart)} == {}


def test_every_metric_stands_in_a_column_of_a_mart(registry, marts) -> None:
    homeless = [
        metric["metric_code"]
        for metric in registry
        if metric["column_name"] not in marts.get(metric["model"], {"columns": {}})["columns"]
    ]
    assert homeless == []


def test_every_mart_with_the_metric_block_has_a_metric_in_the_registry(registry, marts) -> None:
    with_metrics = {metric["model"] for metric in registry}
    blocks = {name for name, mart in marts.items() if mart["columns"].keys() >= METRIC_BLOCK}
    assert blocks
    assert sorted(blocks - with_metrics) == []


def test_every_metric_says_all_of_itself(registry) -> None:
    must = ["name", "question", "formula", "unit", "direction", "model", "column_name", "source", "owner"]
    unsaid = [(metric["metric_code"], key) for metric in registry for key in must if not metric[key].strip()]
    versions = [
        metric["metric_code"]
        for metric in registry
        if not re.fullmatch(r"[1-9]\d*", metric["formula_version"])
    ]
    questions = [metric["metric_code"] for metric in registry if not metric["question"].endswith("?")]
    assert (unsaid, versions, questions) == ([], [], [])


def test_the_bounds_of_every_metric_are_tested_on_its_mart(manifest, registry) -> None:
    (test,) = (node for node in manifest.nodes.values() if node["name"] == "metrics_are_within_their_bounds")
    tested = {manifest.nodes[name]["name"] for name in test["depends_on"]["nodes"]} - {"dim_metric"}
    assert sorted(tested ^ {metric["model"] for metric in registry}) == []


def test_not_a_number_in_any_double_of_a_mart_is_refused_by_name(
    small_company, manifest, marts, tmp_path
) -> None:
    company = Settings(data_dir=Path(shutil.copytree(small_company.data_dir, tmp_path / "data")))
    poisoned = {}
    with duckdb.connect(str(company.candidate_file)) as candidate:
        for name, mart in marts.items():
            doubles = [column for column, said in mart["columns"].items() if said["data_type"] == "double"]
            values = ", ".join(f"{column} = 'nan'::double" for column in doubles)
            if doubles and candidate.execute(f"update marts.{name} set {values}").fetchall() != [(0,)]:
                poisoned[f"doubles_are_finite_{name}_"] = str(len(doubles))
    assert poisoned

    finished = run_dbt(
        "test", "--select", "test_name:doubles_are_finite",
        work_dir=tmp_path, build_file=company.build_file, candidate_file=company.candidate_file,
    )  # fmt: skip

    # One failure a column.
    assert {
        name: n for n, name in re.findall(r"FAIL (\d+) (doubles_are_finite_\w+)", finished.stdout)
    } == poisoned
