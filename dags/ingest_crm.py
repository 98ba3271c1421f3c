"""# Ingest the CRM

Pulls the contacts, companies, deals, line items, products and owners that changed at HubSpot since the
last loaded night, and loads them into `raw_hubspot`; or from Salesforce into `raw_salesforce`, or both:
what `VALUEGAP_SOURCES` names. Everything is landed untouched before it is loaded, so a run can be repeated
at any time: what is landed is not asked for again, what is loaded is not loaded twice.

**When it fails**, the night waits for it until the cut-off and is then built without it: see `cut_off`.

**To go back** to the nights of 30 and 31 January: `airflow backfill create --dag-id ingest_crm
--from-date 2026-01-30 --to-date 2026-02-01`, and the same for the other ingest DAGs; `build_marts` follows
for each night that has all of them.
"""

from airflow.sdk import dag

from valuegap.orchestration.assets import RAW_CRM
from valuegap.orchestration.dag_defaults import DAG_DEFAULTS
from valuegap.orchestration.schedules import ingest_schedule
from valuegap.orchestration.stages import ingest_sources
from valuegap.settings import Settings

SOURCES = Settings.from_environment().sources_by_dag().get("crm", ())


@dag(schedule=ingest_schedule(), doc_md=__doc__, tags=["ingest", *SOURCES], **DAG_DEFAULTS)
def ingest_crm():
    ingest_sources(SOURCES, outlet=RAW_CRM)


if SOURCES:
    ingest_crm()
