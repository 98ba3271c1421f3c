"""What the DAGs hand to each other.

Every event of these assets belongs to one partition, the night's `as_of_date` as `2026-01-31`: that is
how `build_marts` waits for three sources of the *same* night, and how a backfill builds each night once.
"""

from airflow.sdk import Asset

RAW_CRM = Asset("raw_crm")
RAW_TICKETS = Asset("raw_tickets")
RAW_SURVEYS = Asset("raw_surveys")
RAW_ASSETS = (RAW_CRM, RAW_TICKETS, RAW_SURVEYS)

CUT_OFF = Asset("cut_off")  # stands in for the sources that have not come in time
CANDIDATE_MARTS = Asset("candidate_marts")
