"""What the DAGs hand to each other.

Every event of these assets belongs to one partition, the night's `as_of_date` as `2026-01-31`: that is
how `build_marts` waits for the sources of the *same* night, and how a backfill builds each night once.
"""

from airflow.sdk import Asset

from valuegap.settings import FILES, Settings

RAW_CRM = Asset("raw_crm")
RAW_TICKETS = Asset("raw_tickets")
RAW_SURVEYS = Asset("raw_surveys")
RAW_FILES = Asset("raw_files")

CUT_OFF = Asset("cut_off")  # stands in for the sources that have not come in time
CANDIDATE_MARTS = Asset("candidate_marts")

_RAW_ASSETS = {"crm": RAW_CRM, "tickets": RAW_TICKETS, "surveys": RAW_SURVEYS, FILES: RAW_FILES}


def raw_assets() -> tuple[Asset, ...]:
    """Return what a night waits for: one asset for each ingest DAG the company's sources need."""
    return tuple(_RAW_ASSETS[kind] for kind in Settings.from_environment().sources_by_dag())
