"""# Ingest dropped files

Reads the files that were put into the drop folder since the last loaded night, as `file_drop.yml` maps
them, and loads them into `raw_files`. Runs only where `VALUEGAP_SOURCES` names `files`. Everything is landed
untouched before it is loaded, so a run can be repeated at any time: what is landed is not read again, what
is loaded is not loaded twice.

**When it fails**, the night waits for it until the cut-off and is then built without it: see `cut_off`.

**To go back**: see `ingest_crm`.
"""

from airflow.sdk import dag

from valuegap.orchestration.assets import RAW_FILES
from valuegap.orchestration.dag_defaults import DAG_DEFAULTS
from valuegap.orchestration.schedules import ingest_schedule
from valuegap.orchestration.stages import ingest_sources
from valuegap.settings import FILES, Settings

SOURCES = Settings.from_environment().sources_by_dag().get(FILES, ())


@dag(schedule=ingest_schedule(), doc_md=__doc__, tags=["ingest", *SOURCES], **DAG_DEFAULTS)
def ingest_files():
    ingest_sources(SOURCES, outlet=RAW_FILES)


if SOURCES:
    ingest_files()
