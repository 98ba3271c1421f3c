"""The Superset bundle names what there is: ids, datasets, marts, columns."""

import os
import re
import runpy
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
BUNDLE = ROOT / "bi" / "superset" / "bundle"
Asset = Mapping[str, Any]


def assets(folder: Path) -> dict[str, Asset]:
    found = {file.stem: yaml.safe_load(file.read_text()) for file in sorted(folder.glob("*.yaml"))}
    assert found, f"nothing in {folder}"
    return found


def contracts() -> dict[str, Asset]:
    files = (ROOT / "dbt_project" / "models" / "marts").rglob("*.yml")
    # The C loader: the contracts of all marts are 760 kB, and the other takes seconds for them.
    texts = [yaml.load(file.read_text(), Loader=yaml.CSafeLoader) for file in files]
    models = [model for text in texts for model in text.get("models", [])]
    return {model["name"]: model for model in models}


DATASETS = assets(BUNDLE / "datasets" / "valuegap")
CHARTS = assets(BUNDLE / "charts")
DASHBOARD = yaml.safe_load((BUNDLE / "dashboards" / "valuegap.yaml").read_text())
DATABASE = yaml.safe_load((BUNDLE / "databases" / "valuegap.yaml").read_text())
CONTRACTS = contracts()
DATASET_OF = {dataset["uuid"]: dataset for dataset in DATASETS.values()}


def is_personal(column: Asset) -> bool:
    return bool(column.get("config", {}).get("meta", {}).get("pii"))


def columns_named(chart: Asset) -> Iterator[str]:
    """Yield each column of its dataset that a chart names."""
    params = chart["params"]
    for name in ("groupby", "all_columns"):
        named = params.get(name, [])
        yield from [named] if isinstance(named, str) else named
    yield from (params[name] for name in ("x_axis",) if name in params)
    yield from (order.split('"')[1] for order in params.get("order_by_cols", []))
    yield from (condition["subject"] for condition in params.get("adhoc_filters", []))


def metrics_named(chart: Asset) -> list[str]:
    params = chart["params"]
    single = [params[name] for name in ("metric", "timeseries_limit_metric") if name in params]
    return [
        *params.get("metrics", []),
        *single,
        *([params["x_axis_sort"]] if "x_axis_sort" in params else []),
    ]


def test_every_asset_has_an_id_of_its_own() -> None:
    every = [*DATASETS.values(), *CHARTS.values(), DASHBOARD, DATABASE]
    ids = [str(uuid.UUID(asset["uuid"])) for asset in every]
    assert len(set(ids)) == len(ids) >= 20
    assert {asset["version"] for asset in every} == {"1.0.0"}


@pytest.mark.parametrize("mart", DATASETS)
def test_a_dataset_is_a_mart_and_its_columns_are_those_of_the_contract(mart) -> None:
    dataset = DATASETS[mart]
    contract = {column["name"]: column for column in CONTRACTS[dataset["table_name"]]["columns"]}
    named = [column["column_name"] for column in dataset["columns"]]
    assert dataset["table_name"] == mart
    assert dataset["database_uuid"] == DATABASE["uuid"]
    assert [name for name in named if name not in contract] == []
    types = {column["column_name"]: column["type"].lower() for column in dataset["columns"]}
    assert types == {name: contract[name]["data_type"] for name in named}


@pytest.mark.parametrize("mart", DATASETS)
def test_a_dataset_has_no_personal_data(mart) -> None:
    personal = {column["name"] for column in CONTRACTS[mart]["columns"] if is_personal(column)}
    assert personal.isdisjoint(column["column_name"] for column in DATASETS[mart]["columns"])


def test_the_contracts_do_mark_personal_data() -> None:
    assert is_personal({"config": {"meta": {"pii": True}}})
    assert any(is_personal(column) for model in CONTRACTS.values() for column in model.get("columns", []))


@pytest.mark.parametrize("mart", DATASETS)
def test_a_metric_of_a_dataset_reads_its_columns(mart) -> None:
    names = {column["column_name"] for column in DATASETS[mart]["columns"]}
    for metric in DATASETS[mart]["metrics"]:
        read = set(re.findall(r"\b[a-z_0-9]+\b", metric["expression"]))
        assert {name for name in read if not name.isdigit()} <= names, metric["metric_name"]


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_names_only_what_its_dataset_has(chart) -> None:
    dataset = DATASET_OF[CHARTS[chart]["dataset_uuid"]]
    columns = {column["column_name"] for column in dataset["columns"]}
    metrics = {metric["metric_name"] for metric in dataset["metrics"]}
    named = list(columns_named(CHARTS[chart]))
    assert named
    assert [name for name in named if name not in columns] == []
    assert [name for name in metrics_named(CHARTS[chart]) if name not in metrics] == []
    assert CHARTS[chart]["viz_type"] == CHARTS[chart]["params"]["viz_type"]
    assert set(CHARTS[chart]["params"].get("column_config", {})) <= columns | metrics


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_shows_no_row_of_too_few_customers(chart) -> None:
    dataset = DATASET_OF[CHARTS[chart]["dataset_uuid"]]
    conditions = CHARTS[chart]["params"].get("adhoc_filters", [])
    if any(column["column_name"] == "is_reportable" for column in dataset["columns"]):
        assert ("is_reportable", "IS TRUE") in {
            (condition["subject"], condition["operator"]) for condition in conditions
        }
    else:  # one row a customer: nothing is measured on a few
        assert dataset["table_name"] in {"relationship_value", "at_risk_customer"}


def test_a_mean_of_means_is_never_shown() -> None:
    for dataset in DATASETS.values():
        if dataset["table_name"] in {"relationship_value", "at_risk_customer"}:
            continue
        for metric in dataset["metrics"]:
            assert re.fullmatch(
                r"CASE WHEN COUNT\(\*\) = 1 THEN MAX\(\w+\) END|COUNT\(\*\)", metric["expression"]
            )


def test_the_dashboard_shows_every_chart_once() -> None:
    places = [place for place in DASHBOARD["position"].values() if isinstance(place, dict)]
    shown = [place["meta"]["uuid"] for place in places if place["type"] == "CHART"]
    assert sorted(shown) == sorted(chart["uuid"] for chart in CHARTS.values())
    children = [child for place in places for child in place.get("children", [])]
    assert {place["id"] for place in places} - set(children) == {"ROOT_ID", "HEADER_ID"}
    for row in (place for place in places if place["type"] == "ROW"):
        assert sum(DASHBOARD["position"][chart]["meta"]["width"] for chart in row["children"]) == 12


def test_the_filter_of_the_dashboard_is_a_column_of_a_dataset() -> None:
    (segment,) = DASHBOARD["metadata"]["native_filter_configuration"]
    (target,) = segment["targets"]
    columns = DATASET_OF[target["datasetUuid"]]["columns"]
    assert target["column"]["name"] in {column["column_name"] for column in columns}


def test_the_file_is_opened_so_that_sql_lab_reaches_no_other() -> None:
    for option in ("access_mode=read_only", "enable_external_access=false", "lock_configuration=true"):
        assert option in DATABASE["sqlalchemy_uri"]
        assert option in (ROOT / "bi" / "superset" / "try.sh").read_text()


def test_no_page_that_is_tried_here_may_load_from_elsewhere() -> None:
    config = ROOT / "bi" / "superset" / "superset_config.py"
    policy = runpy.run_path(str(config))["TALISMAN_CONFIG"]["content_security_policy"]
    assert policy["default-src"] == ["'self'"]
    sources = {source for named in policy.values() for source in named}
    assert sources == {"'self'", "'none'", "'strict-dynamic'", "'unsafe-inline'", "blob:", "data:"}
    script = (ROOT / "bi" / "superset" / "try.sh").read_text()
    assert "\nSUPERSET_CONFIG_PATH=$root/bi/superset/superset_config.py\n" in script
    assert re.search(r"\nexport .*\bSUPERSET_CONFIG_PATH\b", script)


def written(uri: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "bi" / "superset" / "bundle.sh"), uri, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("uri", "schema"),
    [
        ("duckdb:////srv/a&b/warehouse.duckdb?access_mode=read_only&threads=1", "marts"),
        ("postgresql+psycopg2://superset@db.example.com:5432/warehouse", "valuegap"),
    ],
)
def test_the_bundle_is_written_for_either_database(uri, schema, tmp_path) -> None:
    finished = written(uri, tmp_path / "bundle")
    assert finished.returncode == 0, finished.stderr
    database = yaml.safe_load((tmp_path / "bundle" / "databases" / "valuegap.yaml").read_text())
    datasets = assets(tmp_path / "bundle" / "datasets" / "valuegap")
    assert database == {**DATABASE, "sqlalchemy_uri": uri}
    assert datasets == {name: {**dataset, "schema": schema} for name, dataset in DATASETS.items()}


def test_the_bundle_for_another_database_is_refused(tmp_path) -> None:
    finished = written("mysql://db.example.com/warehouse", tmp_path / "bundle")
    assert finished.returncode == 1
    assert "duckdb: nor with postgresql" in finished.stderr
    assert not (tmp_path / "bundle").exists()


def test_a_folder_that_exists_is_left_alone(tmp_path) -> None:
    finished = written("duckdb:////srv/warehouse.duckdb", tmp_path)
    assert finished.returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_without_an_export_trying_it_says_what_to_do(tmp_path) -> None:
    finished = subprocess.run(
        [str(ROOT / "bi" / "superset" / "try.sh"), "bin"],
        env={"PATH": os.environ["PATH"], "VALUEGAP_DATA_DIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 1
    assert finished.stderr == (
        f"try.sh: there is no {tmp_path}/exports/latest/duckdb/valuegap.duckdb;"
        " run a night with duckdb among VALUEGAP_EXPORTS: make run\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_lock_holds_what_superset_needs() -> None:
    lock = (ROOT / "bi" / "superset" / "requirements.lock").read_text()
    wanted = re.findall(r"(?m)^([a-z-]+)[=><]", (ROOT / "bi" / "superset" / "requirements.in").read_text())
    assert wanted
    assert [name for name in wanted if not re.search(rf"(?m)^{name}==", lock)] == []
