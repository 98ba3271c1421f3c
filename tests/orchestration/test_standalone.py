import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from valuegap.night import Night
from valuegap.orchestration import standalone
from valuegap.orchestration.airflow_api import TaskRun
from valuegap.orchestration.airflow_process import AirflowError
from valuegap.orchestration.standalone import Following, NightFailedError, error_in_log, ingest_dags
from valuegap.settings import Settings

NIGHT = Night(date(2026, 1, 31))
SINCE = datetime(2026, 2, 1, tzinfo=UTC)


def task(name, state, *, try_number=1, seconds=1.25):
    dag_id, task_id = name.split(".")
    return TaskRun(dag_id, f"run-of-{dag_id}", task_id, state, try_number, seconds)


def run(dag_id, state, *, key="2026-01-31"):
    return {"dag_id": dag_id, "dag_run_id": f"run-of-{dag_id}", "state": state, "partition_key": key}


class ScriptedApi:
    """Answers each look with the next scene, and the last one for ever."""

    def __init__(self, *scenes):
        self._scenes = list(scenes)

    def runs(self, _since):
        self._now = self._scenes.pop(0) if len(self._scenes) > 1 else self._scenes[0]
        return self._now[0]

    def task_runs(self, _since):
        return self._now[1]

    def summary(self, finished):
        return f"{finished.task_id} summary"


@pytest.fixture
def follow(tmp_path, monkeypatch):
    monkeypatch.setattr(standalone, "SECONDS_BETWEEN_LOOKS", 0.0)
    airflow = SimpleNamespace(
        home=SimpleNamespace(logs=tmp_path), check=lambda: None, log_of=lambda name: tmp_path / f"{name}.log"
    )

    def follow(*scenes):
        lines = []
        following = Following(ScriptedApi(*scenes), airflow, NIGHT, SINCE, lines.append)
        try:
            return lines, following.to_the_end()
        except Exception as error:
            return lines, error

    return follow


def test_each_change_is_told_once(follow):
    published = [run("publish_marts", "success")]
    lines, tasks = follow(
        ([run("publish_marts", "running")], [task("publish_marts.publish", "queued")]),
        ([run("publish_marts", "running")], [task("publish_marts.publish", "running")]),
        ([run("publish_marts", "running")], [task("publish_marts.publish", "running")]),
        (published, [task("publish_marts.publish", "success")]),
    )
    assert lines == [
        "publish_marts.publish  started",
        "publish_marts.publish  done in 1.2 s  publish summary",
    ]
    assert [done.name for done in tasks] == ["publish_marts.publish"]


def test_the_gap_between_two_dags_is_not_the_end(follow):
    ingested = [run(dag_id, "success") for dag_id in ingest_dags(Settings())]
    lines, tasks = follow(
        (ingested, [task("ingest_crm.load", "success")]),
        ([*ingested, run("publish_marts", "success")], [task("ingest_crm.load", "success")]),
    )
    assert lines == ["ingest_crm.load  done in 1.2 s  load summary"]
    assert len(tasks) == 1


def test_only_the_sources_a_company_uses_are_triggered():
    used = {"VALUEGAP_SOURCES": "salesforce,hubspot,files"}
    assert ingest_dags(Settings.from_environment(used)) == ["ingest_crm", "ingest_files"]


def test_another_nights_runs_are_left_out(follow):
    other = run("build_marts", "failed", key="2026-01-30")
    lines, tasks = follow(
        ([other, run("publish_marts", "success")], [task("build_marts.build", "failed")]),
    )
    assert (lines, tasks) == ([], [])


def test_a_long_task_says_how_far_it_is(follow, tmp_path, monkeypatch):
    monkeypatch.setattr(standalone, "SECONDS_OF_SILENCE", -1.0)
    running = task("build_marts.build", "running")
    log = tmp_path / "dag_id=build_marts/run_id=run-of-build_marts/task_id=build/attempt=1.log"
    write_log(log, "unused", said="12/70 dim_date: success")
    lines, _ = follow(
        ([run("build_marts", "running")], [running]),
        ([run("build_marts", "running")], [running]),
        ([run("publish_marts", "success")], []),
    )
    assert lines == ["build_marts.build  started", "build_marts.build  …  12/70 dim_date: success"]


def test_a_failed_task_ends_the_night_with_its_error_and_log(follow, tmp_path):
    failed = task("build_marts.check_raw", "failed", try_number=2)
    log = tmp_path / "dag_id=build_marts/run_id=run-of-build_marts/task_id=check_raw/attempt=2.log"
    write_log(log, "2 critical checks failed. Read the report.")
    lines, error = follow(
        ([run("build_marts", "failed"), run("ingest_crm", "running")], [failed]),
        ([run("build_marts", "failed"), run("ingest_crm", "success")], [failed]),
    )
    assert lines == ["build_marts.check_raw  FAILED  2 critical checks failed. Read the report."]
    assert isinstance(error, NightFailedError)
    assert str(error) == (f"build_marts.check_raw: 2 critical checks failed. Read the report. Its log: {log}")


def test_a_task_that_will_be_tried_again_does_not_end_the_night(follow, tmp_path):
    trying = task("ingest_crm.extract", "up_for_retry")
    lines, tasks = follow(
        ([run("ingest_crm", "running")], [trying]),
        (
            [run("ingest_crm", "success"), run("publish_marts", "success")],
            [task("ingest_crm.extract", "success")],
        ),
    )
    assert lines[0].startswith("ingest_crm.extract  failed, will be tried again  no error in ")
    assert lines[1].startswith("ingest_crm.extract  done")
    assert len(tasks) == 1


def test_a_night_that_does_not_go_on_is_given_up(follow, monkeypatch):
    monkeypatch.setattr(standalone, "SECONDS_OF_NOTHING", -1.0)
    _, error = follow(([run("ingest_crm", "success")], []))
    assert isinstance(error, AirflowError)
    assert "publish_marts has not ended" in str(error)


def write_log(path: Path, message: str, said: str = "extracting"):
    path.parent.mkdir(parents=True, exist_ok=True)
    records = [
        {"level": "info", "event": said, "logger": "valuegap.orchestration.stages"},
        {"level": "error", "event": "Task failed", "error_detail": [{"exc_type": "E", "exc_value": message}]},
        {"level": "info", "event": "ended"},
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records) + "plain words\n[1]\n")


def test_error_in_log(tmp_path):
    log = tmp_path / "attempt=1.log"
    assert error_in_log(log) == f"no error in {log}: the task's process was ended from outside."
    write_log(log, "first\n  second")
    assert error_in_log(log) == "first second"
