"""Whole nights by a real Airflow, on stages that only say what they were asked for."""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import requests

from valuegap.night import Night
from valuegap.orchestration.airflow_api import AirflowApi
from valuegap.orchestration.airflow_process import AirflowProcess
from valuegap.orchestration.standalone import NightFailedError, launch, run_night_with_airflow
from valuegap.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = {
    f"AIRFLOW_CONN_{vendor}_DEFAULT": '{"conn_type": "http", "host": "http://127.0.0.1:9", "password": "tok-1"}'
    for vendor in ("HUBSPOT", "SALESFORCE", "ZENDESK", "QUALTRICS")
}

# Notes each call; fails or lingers at the stage the file `trouble` names.
STAGES = """
import os, time
from pathlib import Path
from types import SimpleNamespace
from valuegap.errors import GateFailedError

def _stage(settings, night, name):
    with open(settings.data_dir / "calls", "a") as calls:
        calls.write(f"{night.as_of_date} {name}\\n")
    trouble = settings.data_dir / "trouble"
    if trouble.exists() and trouble.read_text() == f"fail {name}":
        raise GateFailedError(f"{name} stopped {night.run_id}.", remedy="Mend the rows.")
    if trouble.exists() and trouble.read_text() == f"linger {name}":
        time.sleep(300)
    return SimpleNamespace(summary=f"{name} of {night.run_id}")

def extract(settings, source, night, *, connection, progress):
    return _stage(settings, night, f"extract {source} from {connection.base_url if connection else 'a folder'}")

def load(settings, source, night):
    return _stage(settings, night, f"load {source}")

def build(settings, night, *, progress):
    return _stage(settings, night, "build")

def check_raw(settings, night): return _stage(settings, night, "check_raw")
def check_marts(settings, night): return _stage(settings, night, "check_marts")
def publish(settings, night): return _stage(settings, night, "publish")
def export(settings, night): return _stage(settings, night, "export")
def report(settings, night): return _stage(settings, night, "report").summary
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """A project of the real DAGs and tasks over the stages above."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "plugins", root / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "dags", root / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "plugins" / "valuegap" / "nightly.py").write_text(STAGES)
    (root / "data").mkdir()
    return Settings.from_environment(
        {
            **os.environ,
            "PYTHONPATH": str(root / "plugins"),
            "VALUEGAP_PROJECT_ROOT": str(root),
            "VALUEGAP_DATA_DIR": str(root / "data"),
        }
    )


def calls(settings, night):
    lines = (settings.data_dir / "calls").read_text().splitlines()
    return [line.partition(" ")[2] for line in lines if line.startswith(str(night.as_of_date))]


def processes_of(settings):
    """Processes with this test's Airflow in their environment."""
    marker = f"AIRFLOW_HOME={settings.data_dir / 'airflow'}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


def until(condition, seconds=120):
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.5)


def test_a_night_runs_from_ingest_to_export(settings):
    night, lines = Night(date(2026, 1, 31)), []
    night_run = run_night_with_airflow(settings, night, CONNECTIONS, lines.append)

    made = calls(settings, night)
    assert set(made[:6]) == {f"load {s}" for s in ("hubspot", "zendesk", "qualtrics")} | {
        f"extract {s} from http://127.0.0.1:9" for s in ("hubspot", "zendesk", "qualtrics")
    }
    rest = [call for call in made[6:] if call != "report"]
    assert rest == ["check_raw", "build", "check_marts", "publish", "export"]
    assert "report" in made
    assert {task.name: task.state for task in night_run.tasks if task.state != "success"} == {
        "publish_marts.serve": "skipped"
    }
    assert len(night_run.tasks) == 14
    assert any(
        "publish_marts.export  done" in line and "export of night-2026-01-31" in line for line in lines
    )
    assert processes_of(settings) == []


def test_a_night_of_two_crms_and_dropped_files_waits_for_all_of_them_and_no_other(settings):
    used = Settings.from_environment({**settings.environment, "VALUEGAP_SOURCES": "hubspot,salesforce,files"})
    night = Night(date(2026, 2, 4))
    night_run = run_night_with_airflow(used, night, CONNECTIONS, lambda _line: None)

    made = calls(used, night)
    assert set(made[:6]) == {f"load {source}" for source in ("hubspot", "salesforce", "files")} | {
        "extract hubspot from http://127.0.0.1:9",
        "extract salesforce from http://127.0.0.1:9",
        "extract files from a folder",
    }
    assert [call for call in made[6:] if call != "report"] == [
        *("check_raw", "build", "check_marts", "publish", "export")
    ]
    assert {task.state for task in night_run.tasks} == {"success", "skipped"}  # nothing to serve
    assert "ingest_crm.announce" in [task.name for task in night_run.tasks]


def test_airflow_shows_our_pages_and_leads_to_them_from_a_task(settings):
    night, since = Night(date(2026, 2, 5)), datetime.now(UTC)
    with AirflowProcess(settings, CONNECTIONS) as airflow:
        api = launch(airflow, settings, lambda _line: None)
        api.trigger("ingest_tickets", night)
        until(lambda: any(run["state"] == "success" for run in api.runs(since)))
        [run] = api.runs(since)
        token = requests.get(f"{airflow.url}/auth/token", timeout=60).json()["access_token"]

        def answer(url, **headers):
            return requests.get(url, headers=headers, timeout=60)

        def read(url):
            return answer(url, Authorization=f"Bearer {token}")

        run_url = f"{airflow.url}/api/v2/dags/ingest_tickets/dagRuns/{run['dag_run_id']}"
        links = read(f"{run_url}/taskInstances/extract/links").json()["extra_links"]
        assert sorted(links) == ["Quality report", "Quarantine"]
        for url in (*links.values(), f"{airflow.url}/valuegap/night"):
            # Without any token this Airflow lets everyone of this machine in, to all its pages.
            assert answer(url, Authorization="Bearer forged").status_code == 403
        assert "This night has none" in read(links["Quality report"]).text
        assert "Kept out of the night of 2026-02-05" in read(links["Quarantine"]).text
        assert "Nothing is published yet" in read(f"{airflow.url}/valuegap/night").text
        [plugin] = read(f"{airflow.url}/api/v2/plugins").json()["plugins"]
        assert [(view["name"], view["destination"]) for view in plugin["external_views"]] == [
            ("Valuegap: last night", "nav"),
            ("Quality report", "nav"),
            ("Valuegap night", "dag_run"),
            ("Quality report", "dag_run"),
        ]
        assert read(f"{airflow.url}/api/v2/plugins/importErrors").json()["total_entries"] == 0


def test_a_failed_gate_stops_the_night_at_the_first_try(settings):
    night, lines = Night(date(2026, 2, 1)), []
    (settings.data_dir / "trouble").write_text("fail check_marts")
    with pytest.raises(
        NightFailedError, match=r"check_marts stopped night-2026-02-01. Mend the rows."
    ) as failed:
        run_night_with_airflow(settings, night, CONNECTIONS, lines.append)
    (settings.data_dir / "trouble").unlink()

    made = calls(settings, night)
    assert made.count("check_marts") == 1
    assert made[-1] == "report"
    assert not {"publish", "export"} & set(made)
    assert Path(str(failed.value).rpartition("Its log: ")[2]).exists()
    assert "check_marts stopped night-2026-02-01." in (settings.data_dir / "alerts.ndjson").read_text()
    assert processes_of(settings) == []


def test_a_killed_launcher_takes_everything_with_it_and_the_night_can_be_run_again(settings):
    night = Night(date(2026, 2, 2))
    (settings.data_dir / "trouble").write_text("linger build")
    program = (
        "from datetime import date\n"
        "from valuegap.night import Night\n"
        "from valuegap.orchestration.standalone import run_night_with_airflow\n"
        "from valuegap.settings import Settings\n"
        f"run_night_with_airflow(Settings.from_environment(), Night(date(2026, 2, 2)), {CONNECTIONS!r}, print)\n"
    )
    environment = dict(settings.environment)
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as launcher:
        until(lambda: "build" in calls(settings, night))
        launcher.send_signal(signal.SIGKILL)
    until(lambda: processes_of(settings) == [], seconds=10)
    (settings.data_dir / "trouble").unlink()

    run_night_with_airflow(settings, night, CONNECTIONS, lambda _line: None)
    published = [call for call in calls(settings, night) if call != "report"]  # which runs beside them
    assert published[-2:] == ["publish", "export"]


def test_at_the_cut_off_the_night_is_built_without_the_missing_source(settings):
    night, since = Night(date(2026, 2, 3)), datetime.now(UTC)
    with AirflowProcess(settings, CONNECTIONS) as airflow:
        api = launch(airflow, settings, lambda _line: None)

        def ended(dag_id, times=1):
            runs = [run for run in api.runs(since) if run["dag_id"] == dag_id]
            return sum(run["state"] == "success" for run in runs) == times

        api.trigger("ingest_crm", night)
        api.trigger("ingest_surveys", night)
        until(lambda: ended("ingest_crm") and ended("ingest_surveys"))
        assert not any(run["dag_id"] == "build_marts" for run in api.runs(since))

        api.trigger("cut_off", night)
        until(lambda: ended("publish_marts"))
        assert late_sources_of(api, night) == ["raw_tickets"]
        api.trigger("cut_off", night)
        until(lambda: ended("cut_off", times=2))
        assert [task.state for task in api.task_runs(since) if task.dag_id == "cut_off"] == [
            "success",
            "skipped",
        ]

    made = calls(settings, night)
    assert "load zendesk" not in made
    assert made.count("build") == made.count("publish") == 1


def late_sources_of(api: AirflowApi, night: Night):
    events = api._get("/assets/events", source_dag_id="build_marts", order_by="-timestamp")["asset_events"]
    [event] = [e for e in events if e["extra"]["as_of_date"] == str(night.as_of_date)]
    return event["extra"]["late_sources"]
