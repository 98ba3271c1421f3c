"""A night by Airflow from one command: start it, trigger the ingest DAGs, follow to the end, stop it."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from valuegap.errors import ValuegapError
from valuegap.night import Night
from valuegap.orchestration.airflow_api import AirflowApi, Json, TaskRun
from valuegap.orchestration.airflow_process import AirflowError, AirflowProcess
from valuegap.orchestration.as_of import partition_key
from valuegap.progress import Progress
from valuegap.settings import Settings

LAST_DAG = "publish_marts"
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_OF_SILENCE = 10.0
SECONDS_OF_NOTHING = 120.0  # an asset event starts the next DAG within seconds


class NightFailedError(ValuegapError):
    """A task of the night failed for good: nothing, or nothing new, is published."""


@dataclass(frozen=True)
class NightRun:
    """A night that ended in a published warehouse."""

    night: Night
    seconds: float
    tasks: tuple[TaskRun, ...]


def run_night_with_airflow(
    settings: Settings, night: Night, connections: Mapping[str, str], progress: Progress
) -> NightRun:
    """Let a private Airflow run the night to the end of `publish_marts`, and stop it again.

    Args:
        settings: Airflow's home is `data_dir/airflow`.
        night: The night; its DAG runs carry its date as partition key.
        connections: The sources' connections, as `AIRFLOW_CONN_*` variables.
        progress: Called with one line as each task starts, finishes or fails.

    Raises:
        NightFailedError: A task failed for good; the error names it, its error and its log.
        AirflowError: Airflow itself did not start, or stopped going on.
    """
    began = time.monotonic()
    with AirflowProcess(settings, connections) as airflow:
        api = launch(airflow, settings, progress)
        since = datetime.now(UTC)
        for dag_id in ingest_dags(settings):
            api.trigger(dag_id, night)
        tasks = Following(api, airflow, night, since, progress).to_the_end()
    return NightRun(night, time.monotonic() - began, tuple(tasks))


def serve_ui(
    settings: Settings, night: Night, connections: Mapping[str, str], progress: Progress, *, port: int = 8080
) -> None:
    """Keep a private Airflow and its UI up until Ctrl-C, for a person to run `night` by hand."""
    with AirflowProcess(settings, connections, port=port) as airflow:
        launch(airflow, settings, progress)
        dag_ids = ", ".join(ingest_dags(settings))
        progress(f"To run the night, trigger {dag_ids} with as_of_date {night.as_of_date}.")
        progress(f"Airflow is at {airflow.url}, for this machine only. Ctrl-C stops it.")
        try:
            while True:
                airflow.check()
                time.sleep(SECONDS_BETWEEN_LOOKS)
        except KeyboardInterrupt:
            progress("airflow  stopping")


def ingest_dags(settings: Settings) -> list[str]:
    """Return the DAGs that read the company's sources."""
    return [f"ingest_{kind}" for kind in settings.sources_by_dag()]


def launch(airflow: AirflowProcess, settings: Settings, progress: Progress) -> AirflowApi:
    """Start the components and wait until the DAGs can be triggered."""
    began, since = time.monotonic(), datetime.now(UTC)
    progress("airflow  starting")
    if airflow.migrate():
        progress(f"airflow  metadata database ready  {time.monotonic() - began:.0f} s")
    airflow.start("dag-processor", "api-server")
    api = AirflowApi(airflow.url)
    api.wait_until_healthy(airflow.check)
    api.fail_unfinished_runs()  # before the scheduler could take them up again
    airflow.start("scheduler")
    _wait_for_dags(api, airflow, settings, since)
    progress(f"airflow  up at {airflow.url}  {time.monotonic() - began:.0f} s")
    return api


def _wait_for_dags(api: AirflowApi, airflow: AirflowProcess, settings: Settings, since: datetime) -> None:
    files = {file.stem for file in (settings.project_root / "dags").glob("*.py")}
    expected = {name for name in files if not name.startswith("ingest_")} | {*ingest_dags(settings)}
    give_up_at = time.monotonic() + SECONDS_OF_NOTHING
    while not expected <= api.parsed_dags(since):
        airflow.check()
        if errors := api.import_errors():
            raise AirflowError(f"A DAG cannot be imported: {errors[0]}", remedy="Mend it, and run again.")
        if time.monotonic() > give_up_at:
            raise AirflowError(
                f"The DAGs were not parsed within {SECONDS_OF_NOTHING:.0f} s.",
                remedy=f"Read {airflow.log_of('dag-processor')}.",
            )
        time.sleep(0.3)


class Following:
    """Watches the runs of one night and tells what changes."""

    def __init__(
        self, api: AirflowApi, airflow: AirflowProcess, night: Night, since: datetime, progress: Progress
    ) -> None:
        """Follow the runs of `night` that began after `since`."""
        self._api, self._airflow, self._night, self._since = api, airflow, night, since
        self._progress = progress
        self._told: dict[tuple[str, str, str], tuple[str, int]] = {}

    def to_the_end(self) -> list[TaskRun]:
        """Look until the night has ended; raise when it did not end in `publish_marts`."""
        last_change = last_word = time.monotonic()
        while True:
            runs = self._runs()  # before their tasks, so that an ended run's tasks are final
            tasks = self._tasks_of(runs)
            if self._tell(tasks):
                last_change = last_word = time.monotonic()
            elif time.monotonic() - last_word > SECONDS_OF_SILENCE:
                self._tell_what_runs(tasks)
                last_word = time.monotonic()
            if _ended(runs):
                self._complain_if_failed(tasks, runs)
                return tasks
            self._airflow.check()
            self._complain_if_stuck(runs, time.monotonic() - last_change)
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _runs(self) -> list[Json]:
        runs = self._api.runs(self._since)
        return [run for run in runs if run["partition_key"] == partition_key(self._night)]

    def _tasks_of(self, runs: list[Json]) -> list[TaskRun]:
        known = {(run["dag_id"], run["dag_run_id"]) for run in runs}
        return [t for t in self._api.task_runs(self._since) if (t.dag_id, t.run_id) in known]

    def _tell(self, tasks: list[TaskRun]) -> bool:
        changed = False
        for task in tasks:
            key, now = (task.dag_id, task.run_id, task.task_id), (task.state, task.try_number)
            if self._told.get(key) != now:
                self._told[key] = now
                changed = True
                if line := self._line(task):
                    self._progress(line)
        return changed

    def _tell_what_runs(self, tasks: list[TaskRun]) -> None:
        for task in tasks:
            if task.state == "running":
                self._progress(f"{task.name}  …  {last_words(self._log(task))}")

    def _line(self, task: TaskRun) -> str | None:
        if task.state == "running":
            return f"{task.name}  started"
        if task.state == "success":
            return f"{task.name}  done in {task.seconds or 0:.1f} s  {self._api.summary(task)}"
        if task.state in {"failed", "up_for_retry"}:
            fate = "FAILED" if task.state == "failed" else "failed, will be tried again"
            return f"{task.name}  {fate}  {error_in_log(self._log(task))}"
        return None

    def _log(self, task: TaskRun) -> Path:
        run = f"dag_id={task.dag_id}/run_id={task.run_id}/task_id={task.task_id}"
        return self._airflow.home.logs / run / f"attempt={task.try_number}.log"

    def _complain_if_failed(self, tasks: list[TaskRun], runs: list[Json]) -> None:
        for task in tasks:
            if task.state == "failed":
                log = self._log(task)
                raise NightFailedError(f"{task.name}: {error_in_log(log)}", remedy=f"Its log: {log}")
        if not any(run["dag_id"] == LAST_DAG and run["state"] == "success" for run in runs):
            raise NightFailedError(
                f"The night ended before {LAST_DAG}.",
                remedy=f"Read {self._airflow.log_of('scheduler')}.",
            )

    def _complain_if_stuck(self, runs: list[Json], seconds: float) -> None:
        nothing_runs = not any(run["state"] in {"running", "queued"} for run in runs)
        if nothing_runs and seconds > SECONDS_OF_NOTHING:
            raise AirflowError(
                f"No DAG has run for {seconds:.0f} s, and {LAST_DAG} has not ended.",
                remedy=f"Read {self._airflow.log_of('scheduler')}.",
            )


def _ended(runs: list[Json]) -> bool:
    if any(run["state"] in {"running", "queued"} for run in runs):
        return False
    published = any(run["dag_id"] == LAST_DAG for run in runs)
    return published or any(run["state"] == "failed" for run in runs)


def error_in_log(path: Path) -> str:
    """Return the error a task's log ends with, in one line."""
    for record in _records_from_the_end(path):
        if details := record.get("error_detail"):
            return " ".join(str(details[0]["exc_value"]).split())
    return f"no error in {path}: the task's process was ended from outside."


def last_words(path: Path) -> str:
    """Return what a stage said last in its task's log."""
    for record in _records_from_the_end(path):
        if str(record.get("logger", "")).startswith("valuegap."):
            return str(record["event"])
    return "at work"


def _records_from_the_end(path: Path) -> Iterator[Json]:
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return map(_record, reversed(lines))


def _record(line: str) -> Json:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}
