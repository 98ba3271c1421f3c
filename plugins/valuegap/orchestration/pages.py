"""Pages about the nights inside Airflow's UI, for those who may see that UI and nobody else.

They have no script and load nothing from outside; every value is escaped.
"""

from datetime import date
from typing import Annotated

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from airflow.models.dagrun import DagRun
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.responses import HTMLResponse

from valuegap.errors import ConfigurationError
from valuegap.night import Night
from valuegap.night_view import night_view, quarantine, reported_nights
from valuegap.orchestration.as_of import night_of_run
from valuegap.orchestration.rendering import rendered
from valuegap.publish.promote import serving
from valuegap.settings import Settings

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self';"
        " base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",  # a browser others use must not show it after the log-out
}

app = FastAPI(
    title="Valuegap",
    dependencies=[Depends(requires_access_view(AccessView.WEBSITE))],
    docs_url=None,  # these would be open to everybody
    redoc_url=None,
    openapi_url=None,
)


def asked_night(
    night: Annotated[date | None, Query()] = None,
    dag_id: Annotated[str | None, Query()] = None,
    run_id: Annotated[str | None, Query()] = None,
) -> Night | None:
    """Return the night a request names, itself or by a DAG run; None: the last one."""
    if night is not None:
        return Night(night)
    if dag_id is not None and run_id is not None:
        return _night_of(dag_id, run_id)
    return None


AskedNight = Annotated[Night | None, Depends(asked_night)]


@app.get("/night")
def show_night(asked: AskedNight) -> HTMLResponse:
    """Show one night, or the last published one."""
    settings = Settings.from_environment()
    night = asked or _last_night(settings)
    view = night_view(settings, night) if night else None
    return _page("night.html", view=view, is_last=asked is None)


@app.get("/report")
def show_report(asked: AskedNight) -> HTMLResponse:
    """Show the quality report of a night, the last one first, and lead to the others."""
    nights = reported_nights(Settings.from_environment())
    night = asked or (nights[0] if nights else None)
    return _page("reports.html", nights=nights, night=night, has_report=night in nights)


@app.get("/quality")
def show_quality(night: Annotated[date, Query()]) -> HTMLResponse:
    """Hand out the report the night itself wrote."""
    file = Settings.from_environment().reports_dir / Night(night).run_id / "quality.html"
    if not file.is_file():
        raise HTTPException(404, f"There is no quality report of {night}.")
    return HTMLResponse(file.read_text(encoding="utf-8"), headers=HEADERS)


@app.get("/quarantine")
def show_quarantine(
    asked: AskedNight,
    dag_id: Annotated[str, Query()] = "",
    task_id: Annotated[str, Query()] = "",
) -> HTMLResponse:
    """Count and place what was kept out of a night, of the task's own sources if it reads some."""
    settings = Settings.from_environment()
    night = asked or _last_night(settings)
    sources = sources_of(settings, dag_id, task_id)
    found = quarantine(settings, night, sources) if night else None
    return _page("quarantine.html", night=night, sources=sources, found=found)


def sources_of(settings: Settings, dag_id: str, task_id: str) -> tuple[str, ...]:
    """Return the sources a task reads; all of them where it reads none."""
    of_dag = settings.sources_by_dag().get(dag_id.removeprefix("ingest_"), settings.sources)
    of_task = tuple(name for name in of_dag if task_id.endswith(f"_{name}"))
    return of_task or of_dag


def _last_night(settings: Settings) -> Night | None:
    shown = serving(settings)
    return Night(shown.as_of_date) if shown else None


def _night_of(dag_id: str, run_id: str) -> Night:
    for run in DagRun.find(dag_id=dag_id, run_id=run_id):
        try:
            return night_of_run({"dag_run": run, "params": run.conf or {}})
        except ConfigurationError as error:
            raise HTTPException(404, str(error)) from error
    raise HTTPException(404, f"DAG {dag_id} has no run {run_id}.")


def _page(template: str, **values: object) -> HTMLResponse:
    return HTMLResponse(rendered(template, **values), headers=HEADERS)
