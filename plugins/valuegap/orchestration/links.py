"""From a task in Airflow's UI to the pages about its night: what was kept out, and the quality report."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from airflow.configuration import conf
from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

PREFIX = "/valuegap"


def page_url(page: str, **query: str) -> str:
    """Return the address of a page of ours in Airflow's UI."""
    base = conf.get("api", "base_url", fallback="").rstrip("/")
    return f"{base}{PREFIX}/{page}" + (f"?{urlencode(query)}" if query else "")


class QuarantineLink(BaseOperatorLink):
    """Records of the task's night, and of its source where it reads one, that were kept out."""

    name = "Quarantine"

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002
        """Return the page's address."""
        return page_url("quarantine", dag_id=ti_key.dag_id, run_id=ti_key.run_id, task_id=ti_key.task_id)


class ReportLink(BaseOperatorLink):
    """The quality report of the task's night."""

    name = "Quality report"

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002
        """Return the page's address."""
        return page_url("report", dag_id=ti_key.dag_id, run_id=ti_key.run_id)
