import json
import logging
from types import SimpleNamespace

import pytest
from airflow.sdk.log import mask_secret

from valuegap.errors import GateFailedError
from valuegap.orchestration.alerts import alert


@pytest.fixture
def alerts(tmp_path, monkeypatch):
    monkeypatch.setenv("VALUEGAP_DATA_DIR", str(tmp_path))
    return lambda: [json.loads(line) for line in (tmp_path / "alerts.ndjson").read_text().splitlines()]


def context(exception):
    task = SimpleNamespace(dag_id="build_marts", task_id="check_raw", run_id="run-1", try_number=1)
    return {"ti": task, "dag_run": SimpleNamespace(partition_key="2026-01-31"), "exception": exception}


def test_the_remedy_is_logged_loudly_and_kept(alerts, caplog):
    with caplog.at_level(logging.CRITICAL):
        alert(context(GateFailedError("3 rows without id.", remedy="Repair them.")))
    assert "NIGHT STOPPED at build_marts.check_raw: 3 rows without id. Repair them." in caplog.text
    [kept] = alerts()
    assert kept.pop("at").endswith("+00:00")
    assert kept == {
        "dag_id": "build_marts",
        "task_id": "check_raw",
        "run_id": "run-1",
        "partition_key": "2026-01-31",
        "try_number": 1,
        "error": "3 rows without id.",
        "remedy": "Repair them.",
    }


def test_every_alert_is_one_more_line(alerts):
    alert(context(KeyError("first\nsecond")))
    alert(context(None))
    assert [line["error"] for line in alerts()] == [
        "KeyError: 'first\\nsecond'",
        "The task ended without an exception.",
    ]


def test_a_token_does_not_reach_the_file(alerts):
    mask_secret("tok-9f8e7d6c5b4a")
    alert(context(RuntimeError("GET /?key=tok-9f8e7d6c5b4a refused")))
    [kept] = alerts()
    assert kept["error"] == "RuntimeError: GET /?key=*** refused"
