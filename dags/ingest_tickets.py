"""# Ingest support tickets

Pulls the tickets, their events and metrics, users and organizations that changed at Zendesk since the
last loaded night, and loads them into `raw_zendesk`. Everything is landed untouched before it is loaded,
so a run can be repeated at any time: what is landed is not asked for again, what is loaded is not loaded
twice.

**When it fails**, the night waits for it until the cut-off and is then built without it: see `cut_off`.

**To go back**: see `ingest_crm`.
"""

from airflow.sdk import dag

from valuegap.orchestration.assets import RAW_TICKETS
from valuegap.orchestration.dag_defaults import DAG_DEFAULTS
from valuegap.orchestration.schedules import ingest_schedule
from valuegap.orchestration.stages import ingest_sources
from valuegap.settings import Settings

SOURCES = Settings.from_environment().sources_by_dag().get("tickets", ())


@dag(schedule=ingest_schedule(), doc_md=__doc__, tags=["ingest", *SOURCES], **DAG_DEFAULTS)
def ingest_tickets():
    ingest_sources(SOURCES, outlet=RAW_TICKETS)


if SOURCES:
    ingest_tickets()
