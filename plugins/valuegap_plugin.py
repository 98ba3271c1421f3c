"""What Airflow's UI shows of the nights: two pages, a tab on each DAG run, two links on each task.

Airflow executes the modules that stand beside the package; the pages themselves are in it.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from valuegap.orchestration.links import PREFIX, QuarantineLink, ReportLink


async def pages(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """Answer from the pages, imported with the first request: every task's process loads this module."""
    from valuegap.orchestration.pages import app

    await app(scope, receive, send)


class ValuegapPlugin(AirflowPlugin):
    """Pages and links of the nights."""

    name = "valuegap"
    fastapi_apps: ClassVar[list[Any]] = [{"app": pages, "url_prefix": PREFIX, "name": "Valuegap"}]
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Valuegap: last night",
            "href": f"{PREFIX}/night",
            "destination": "nav",
            "category": "browse",
            "url_route": "valuegap-night",
        },
        {
            "name": "Quality report",
            "href": f"{PREFIX}/report",
            "destination": "nav",
            "category": "browse",
            "url_route": "valuegap-report",
        },
        {
            "name": "Valuegap night",
            "href": f"{PREFIX}/night?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "valuegap-run",
        },
        {
            "name": "Quality report",
            "href": f"{PREFIX}/report?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "valuegap-run-report",
        },
    ]
    global_operator_extra_links: ClassVar[list[Any]] = [QuarantineLink(), ReportLink()]
