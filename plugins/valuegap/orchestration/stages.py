"""The stages of a night as Airflow tasks: find the night, call `valuegap.nightly`, announce the result."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from valuegap import nightly
from valuegap.errors import SourceError
from valuegap.night import Night
from valuegap.orchestration.as_of import covers, night_of_run, partition_key
from valuegap.orchestration.assets import CANDIDATE_MARTS, CUT_OFF, raw_assets
from valuegap.orchestration.connections import serving_connection, source_connection
from valuegap.orchestration.notify import tell_alerts
from valuegap.settings import FILES, Settings

log = logging.getLogger(__name__)

EVENTS_LOOKED_BACK = 400  # a year of nights: farther back a cut-off is not asked about


def ingest_sources(source_names: Sequence[str], outlet: Asset) -> None:
    """Wire extract → load of each source; `outlet` tells that the night's rows are in the build warehouse.

    Of several sources each goes on without the others, and all must be loaded before `outlet` tells it.
    """
    if len(source_names) == 1:
        extract(*source_names) >> load.override(outlets=[outlet])(*source_names)
        return
    loaded = [load.override(task_id=f"load_{name}")(name) for name in source_names]
    for name, loading in zip(source_names, loaded, strict=True):
        extract.override(task_id=f"extract_{name}")(name) >> loading
    announce.override(outlets=[outlet])(loaded)  # type: ignore[arg-type]  # their summaries, once they ran


@task(execution_timeout=timedelta(hours=4))  # a first night reads years
def extract(source_name: str) -> str:
    """Pull what changed at the source since its last loaded night, and land it."""
    settings, night = _start()
    connection = None if source_name == FILES else source_connection(source_name)
    return _done(
        nightly.extract(settings, source_name, night, connection=connection, progress=log.info).summary
    )


@task
def load(source_name: str) -> str:
    """Put what is landed and not yet loaded into the build warehouse."""
    settings, night = _start()
    return _done(nightly.load(settings, source_name, night).summary)


@task
def announce(summaries: list[str]) -> str:
    """Tell that all sources of this DAG are loaded."""
    return _done("; ".join(summaries))


@task
def check_raw() -> str:
    """Stop the night when the raw tables fail a critical check."""
    settings, night = _start()
    for name in late_sources(get_current_context()["triggering_asset_events"]):
        log.warning("%s has not come for %s: its marts stay stale, see marts.freshness.", name, night.run_id)
    return _done(nightly.check_raw(settings, night).summary)


@task(execution_timeout=timedelta(hours=2))
def build() -> str:
    """Build and test every dbt model into the candidate."""
    settings, night = _start()
    return _done(nightly.build(settings, night, progress=log.info).summary)


@task(outlets=[CANDIDATE_MARTS])
def check_marts() -> str:
    """Stop the night when the candidate fails a critical check; else announce it."""
    settings, night = _start()
    return _done(nightly.check_marts(settings, night).summary)


@task
def report() -> str:
    """Write the quality report, of a night that was stopped as well."""
    return _done(str(nightly.report(*_start())))


@task
def publish() -> str:
    """Make the audited candidate the warehouse readers open."""
    return _done(nightly.publish(*_start()).summary)


@task
def export() -> str:
    """Write the published marts as Parquet."""
    return _done(nightly.export(*_start()).summary)


@task(execution_timeout=timedelta(hours=2))
def serve() -> str:
    """Load the published marts into PostgreSQL, where connection `warehouse_serving` is set."""
    settings, night = _start()
    connection = serving_connection()
    if connection is None:
        raise AirflowSkipException("Connection warehouse_serving is not set: nothing to serve.")
    return _done(nightly.serve(settings, night, connection).summary)


@task
def notify() -> str:
    """Tell the owners what changed for the worse, each alert once, where connection `alert_mail` is set."""
    settings, night = _start()
    return _done(tell_alerts(settings, night, get_current_context()))


@task(inlets=[*raw_assets(), CANDIDATE_MARTS], outlets=[CUT_OFF])
def cut_off() -> str:
    """Let the night be built without the sources that have not come, unless there is nothing to do."""
    _, night = _start()
    late = sources_to_give_up(get_current_context()["inlet_events"], night)
    return _done(f"{night.run_id} is built without {', '.join(late)}")


def sources_to_give_up(inlet_events: Mapping[Any, Any], night: Night) -> list[str]:
    """Return the raw assets a cut-off leaves behind.

    Raises:
        AirflowSkipException: All have come, or the night is built already.
        SourceError: None has come: a night of nothing new is not built.
    """

    def has_come(asset: Asset) -> bool:
        return covers(inlet_events[asset].ascending(False).limit(EVENTS_LOOKED_BACK), night)

    late = [asset.name for asset in raw_assets() if not has_come(asset)]
    if not late:
        raise AirflowSkipException(f"All sources have come for {night.run_id}: build_marts knows.")
    if has_come(CANDIDATE_MARTS):
        raise AirflowSkipException(f"{night.run_id} is built already.")
    if len(late) == len(raw_assets()):
        raise SourceError(
            f"No source has come for {night.run_id} by the cut-off: nothing is built.",
            remedy="See why the ingest DAGs have not ended: once all have, the night is built.",
        )
    return late


def _start() -> tuple[Settings, Night]:
    night = night_of_run(get_current_context())
    log.info("%s", night.run_id)
    return Settings.from_environment(), night


def _done(summary: str) -> str:
    context = get_current_context()
    night = night_of_run(context)
    for asset in context["outlets"]:
        event = context["outlet_events"][asset]
        event.add_partitions(partition_key(night))
        event.extra = {
            "as_of_date": partition_key(night),
            "summary": summary,
            "late_sources": [*late_sources(context["triggering_asset_events"])],
        }
    log.info(summary)
    return summary


def late_sources(triggering_events: Mapping[Any, Any]) -> list[str]:
    """Return the raw assets a run goes on without: none, unless the cut-off started it."""
    if not triggering_events.get(CUT_OFF):
        return []
    return [asset.name for asset in raw_assets() if not triggering_events.get(asset)]
