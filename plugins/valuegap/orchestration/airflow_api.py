"""The few calls of Airflow's REST API that starting and following a night needs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from valuegap.night import Night
from valuegap.orchestration.airflow_process import AirflowError
from valuegap.orchestration.as_of import partition_key

Json = dict[str, Any]

SECONDS_FOR_AN_ANSWER = 60.0  # the first task can stall the API for 20 s on a small machine
SECONDS_TO_BE_HEALTHY = 180.0
PAGE = 100


@dataclass(frozen=True)
class TaskRun:
    """One task of one DAG run, at one moment."""

    dag_id: str
    run_id: str
    task_id: str
    state: str
    try_number: int
    seconds: float | None

    @property
    def name(self) -> str:
        """Name for a person."""
        return f"{self.dag_id}.{self.task_id}"


class AirflowApi:
    """A client of the API server at `url`, which lets everyone on this machine in."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet."""
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy between two processes of one machine

    def wait_until_healthy(self, check: Callable[[], None]) -> None:
        """Wait for the server and log in; `check` raises when waiting has become pointless."""
        give_up_at = time.monotonic() + SECONDS_TO_BE_HEALTHY
        while not self._logged_in():
            check()
            if time.monotonic() > give_up_at:
                raise AirflowError(
                    f"Airflow's API did not answer within {SECONDS_TO_BE_HEALTHY:.0f} s.",
                    remedy="Read data/airflow/logs/api-server.log.",
                )
            time.sleep(0.2)

    def _logged_in(self) -> bool:
        try:
            answer = self._session.get(f"{self._url}/auth/token", timeout=SECONDS_FOR_AN_ANSWER)
        except requests.ConnectionError:
            return False
        if not answer.ok:
            return False
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return True

    def parsed_dags(self, since: datetime) -> set[str]:
        """Return the DAGs that were parsed after `since`, with their present code."""
        dags = self._get("/dags", limit=PAGE)["dags"]
        return {dag["dag_id"] for dag in dags if _moment(dag["last_parsed_time"]) >= since}

    def import_errors(self) -> list[str]:
        """Return the last line of each DAG file's traceback."""
        errors = self._get("/importErrors", limit=PAGE)["import_errors"]
        return [f"{e['filename']}: {e['stack_trace'].strip().splitlines()[-1]}" for e in errors]

    def trigger(self, dag_id: str, night: Night) -> None:
        """Start a run of a DAG for a night."""
        self._call(
            "POST",
            f"/dags/{dag_id}/dagRuns",
            json={"logical_date": None, "partition_key": partition_key(night)},
        )

    def runs(self, since: datetime) -> list[Json]:
        """Return the DAG runs that were due after `since`."""
        runs: list[Json] = self._get("/dags/~/dagRuns", run_after_gte=since.isoformat(), limit=PAGE)[
            "dag_runs"
        ]
        return runs

    def task_runs(self, since: datetime) -> list[TaskRun]:
        """Return the tasks of those runs, in the order they began."""
        found = self._get(
            "/dags/~/dagRuns/~/taskInstances",
            run_after_gte=since.isoformat(),
            limit=PAGE,
            order_by="start_date",
        )
        return [
            TaskRun(t["dag_id"], t["dag_run_id"], t["task_id"], t["state"], t["try_number"], t["duration"])
            for t in found["task_instances"]
            if t["state"]
        ]

    def summary(self, task: TaskRun) -> str:
        """Return what a finished task said about itself."""
        path = f"/dags/{task.dag_id}/dagRuns/{task.run_id}/taskInstances/{task.task_id}"
        answer = self._get(f"{path}/xcomEntries/return_value", stringify="false")
        return str(answer["value"])

    def fail_unfinished_runs(self) -> None:
        """Mark runs that a killed launcher left behind as failed, so that new ones need not wait for them."""
        for state in ("running", "queued"):
            for run in self._get("/dags/~/dagRuns", state=state, limit=PAGE)["dag_runs"]:
                path = f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}"
                self._call("PATCH", path, json={"state": "failed"})

    def _get(self, path: str, **parameters: object) -> Json:
        return self._call("GET", path, params=parameters)

    def _call(self, method: str, path: str, **content: Any) -> Json:  # noqa: ANN401 - handed to requests
        try:
            answer = self._session.request(
                method, f"{self._url}/api/v2{path}", timeout=SECONDS_FOR_AN_ANSWER, **content
            )
        except requests.RequestException as error:
            raise AirflowError(
                f"Airflow's API does not answer ({type(error).__name__}).",
                remedy="Read data/airflow/logs/api-server.log.",
            ) from error
        if not answer.ok:
            raise AirflowError(
                f"Airflow's API answered {answer.status_code} to {method} {path}: {answer.text[:200]}",
                remedy="Read data/airflow/logs/api-server.log.",
            )
        result: Json = answer.json()
        return result


def _moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text or "1970-01-01T00:00:00+00:00")
