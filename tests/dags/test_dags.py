"""What holds for every DAG, and how they hang together."""

import itertools
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.definitions.retry_policy import RetryAction

from valuegap.errors import ConfigurationError, GateFailedError, SourceError
from valuegap.orchestration.alerts import alert
from valuegap.orchestration.notify import tell_failure

DAGS_FOLDER = Path(__file__).resolve().parents[2] / "dags"
FILES = sorted(file.stem for file in DAGS_FOLDER.glob("*.py"))


def bag_of(sources):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VALUEGAP_SOURCES", sources)
        return DagBag(DAGS_FOLDER)


@pytest.fixture(scope="module")
def bag():
    """The DAGs of a company that uses every source, but for the second CRM."""
    return bag_of("hubspot,zendesk,qualtrics,files")


def test_every_file_is_one_dag_of_its_name(bag):
    assert bag.import_errors == {}
    assert sorted(bag.dags) == FILES
    assert FILES == [
        "build_marts",
        "cut_off",
        "ingest_crm",
        "ingest_files",
        "ingest_surveys",
        "ingest_tickets",
        "publish_marts",
    ]
    assert all(Path(dag.fileloc).stem == dag_id for dag_id, dag in bag.dags.items())


@pytest.mark.parametrize("dag_id", FILES)
def test_policy(bag, dag_id):
    dag = bag.dags[dag_id]
    assert dag.doc_md.startswith("# ")
    assert "**When it fails**" in dag.doc_md or dag_id in {"build_marts", "cut_off"}
    assert dag.tags
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert dag.params.get_param("as_of_date").value is None
    assert dag.tasks
    for task in dag.tasks:
        assert task.owner == "valuegap"
        assert task.retries >= 1
        assert task.retry_exponential_backoff > 1
        assert timedelta(0) < task.execution_timeout <= timedelta(hours=4)
        assert list(task.on_failure_callback) == [alert, tell_failure]
        assert task.doc or task.doc_md or task.python_callable.__doc__


@pytest.mark.parametrize("dag_id", FILES)
def test_what_cannot_change_is_not_tried_again(bag, dag_id):
    for task in bag.dags[dag_id].tasks:
        action = {
            kind: task.retry_policy.evaluate(kind("what", remedy="do"), 1, 2).action
            for kind in (GateFailedError, ConfigurationError, SourceError)
        }
        assert action == {
            GateFailedError: RetryAction.FAIL,
            ConfigurationError: RetryAction.FAIL,
            SourceError: RetryAction.DEFAULT,
        }


@pytest.mark.parametrize(
    ("dag_id", "order"),
    [
        ("ingest_crm", ["extract", "load"]),
        ("ingest_tickets", ["extract", "load"]),
        ("ingest_surveys", ["extract", "load"]),
        ("ingest_files", ["extract", "load"]),
        ("cut_off", ["cut_off"]),
        ("build_marts", ["check_raw", "build", "check_marts", "report"]),
    ],
)
def test_stages_follow_each_other(bag, dag_id, order):
    dag = bag.dags[dag_id]
    edges = {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}
    assert set(dag.task_ids) == set(order)
    assert edges == set(itertools.pairwise(order))


def test_owners_are_told_once_a_night_is_published_whether_or_not_it_is_exported(bag):
    dag = bag.dags["publish_marts"]
    edges = {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}
    assert edges == {("publish", "export"), ("export", "serve"), ("publish", "notify")}


def test_each_source_is_ingested_by_its_own_dag(bag):
    sources = {
        dag_id: {task.op_args[0] for task in bag.dags[dag_id].tasks}
        for dag_id in FILES
        if dag_id.startswith("ingest_")
    }
    assert sources == {
        "ingest_crm": {"hubspot"},
        "ingest_tickets": {"zendesk"},
        "ingest_surveys": {"qualtrics"},
        "ingest_files": {"files"},
    }


def test_two_crms_go_on_without_each_other_and_are_announced_together():
    dag = bag_of("hubspot,salesforce,zendesk").dags["ingest_crm"]
    edges = {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}
    assert edges == {
        ("extract_hubspot", "load_hubspot"),
        ("extract_salesforce", "load_salesforce"),
        ("load_hubspot", "announce"),
        ("load_salesforce", "announce"),
    }
    assert {task.op_args[0] for task in dag.tasks if task.task_id.endswith("_salesforce")} == {"salesforce"}
    assert _outlets(dag) == {("announce", "raw_crm")}
    assert dag.tags == {"ingest", "hubspot", "salesforce"}


@pytest.mark.parametrize(
    ("sources", "waited_for"),
    [
        ("hubspot,zendesk,qualtrics", {"raw_crm", "raw_tickets", "raw_surveys"}),
        ("salesforce,zendesk", {"raw_crm", "raw_tickets"}),
        ("files", {"raw_files"}),
    ],
)
def test_a_night_waits_for_the_sources_the_company_uses_and_no_other(sources, waited_for):
    bag = bag_of(sources)
    assert bag.import_errors == {}
    ingesting = {
        f"raw_{dag_id.removeprefix('ingest_')}" for dag_id in bag.dags if dag_id.startswith("ingest_")
    }
    assert ingesting == waited_for
    awaited, instead = bag.dags["build_marts"].schedule.asset_condition.objects
    assert _assets(awaited) == waited_for
    assert instead.name == "cut_off"


def test_report_of_a_stopped_night_cannot_make_it_green(bag):
    report = bag.dags["build_marts"].get_task("report")
    assert report.is_teardown
    assert report.on_failure_fail_dagrun is False


def _assets(condition):
    return {asset.name for asset in getattr(condition, "objects", [condition])}


def _outlets(dag):
    return {(task.task_id, outlet.name) for task in dag.tasks for outlet in task.outlets}


def test_assets_connect_the_dags(bag):
    dags = bag.dags
    assert {dag_id: _outlets(dag) for dag_id, dag in dags.items()} == {
        "ingest_crm": {("load", "raw_crm")},
        "ingest_tickets": {("load", "raw_tickets")},
        "ingest_surveys": {("load", "raw_surveys")},
        "ingest_files": {("load", "raw_files")},
        "cut_off": {("cut_off", "cut_off")},
        "build_marts": {("check_marts", "candidate_marts")},
        "publish_marts": set(),
    }
    assert _assets(dags["publish_marts"].schedule.asset_condition) == {"candidate_marts"}
    all_of_them, instead = dags["build_marts"].schedule.asset_condition.objects
    assert type(all_of_them).__name__ == "AssetAll"
    assert _assets(all_of_them) == {"raw_crm", "raw_tickets", "raw_surveys", "raw_files"}
    assert instead.name == "cut_off"


def test_parsing_a_dag_imports_no_heavy_library():
    """A DAG file is parsed every half minute, and again by every task."""
    program = (
        "import sys; from airflow.dag_processing.dagbag import DagBag; "
        f"assert not DagBag({str(DAGS_FOLDER)!r}).import_errors; "
        "heavy = {'pandas', 'numpy', 'duckdb', 'dbt', 'great_expectations', 'scipy', 'requests'}; "
        "print('imported:', sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "imported: []" in result.stdout
