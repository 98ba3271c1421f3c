"""What a failed task leaves behind for the person on duty: one loud line, and one line in a file.

`data/alerts.ndjson` is the hand-over to whatever pages people. `valuegap.orchestration.notify` sends mail.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.sdk.log import redact  # type: ignore[attr-defined]  # imported there, not re-exported

from valuegap.errors import ValuegapError
from valuegap.settings import Settings

log = logging.getLogger(__name__)


def alert(context: Mapping[str, Any]) -> None:
    """Log and keep the failure of the task in `context`; Airflow calls it after the last try."""
    record = alert_record(context)
    log.critical(
        "NIGHT STOPPED at %s.%s: %s %s", *(record[k] for k in ("dag_id", "task_id", "error", "remedy"))
    )
    path = Settings.from_environment().data_dir / "alerts.ndjson"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as alerts:
        alerts.write(json.dumps(record) + "\n")


def alert_record(context: Mapping[str, Any]) -> dict[str, object]:
    """Return what failed and what to do about it, without the secrets Airflow knows."""
    task_instance = context["ti"]
    error, remedy = _what_and_remedy(context.get("exception"))
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "dag_id": task_instance.dag_id,
        "task_id": task_instance.task_id,
        "run_id": task_instance.run_id,
        "partition_key": context["dag_run"].partition_key,
        "try_number": task_instance.try_number,
        "error": error,
        "remedy": remedy,
    }


def _what_and_remedy(error: object) -> tuple[str, str]:
    if isinstance(error, ValuegapError):
        return str(redact(error.what)), str(redact(error.remedy))
    # An error that is not ours may quote a request: Airflow's masker knows the tokens of this task.
    what = (
        str(redact(f"{type(error).__name__}: {error}")) if error else "The task ended without an exception."
    )
    return " ".join(what.split())[
        :500
    ], "Read the task's log; when the cause is gone, clear the task to go on."
