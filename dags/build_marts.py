"""# Check the raw tables, build the marts, check the marts

Runs once for each night, as soon as all sources of that night are loaded, or when `cut_off` gives
up waiting. dbt writes the marts into a candidate file; only a candidate that passes the mart gate is
announced to `publish_marts`. Safe to run again for any night: the same raw rows and the same `as_of_date`
give the same marts.

**When a gate stops the night**, readers keep the last published warehouse. The failed task's log and the
quality report name the check, the count and sample keys; the gate is not tried again, since the same rows
fail the same check. Repair the rows or the check, then clear the failed task.
"""

from functools import reduce
from operator import and_

from airflow.sdk import PartitionedAssetTimetable, dag

from valuegap.orchestration import stages
from valuegap.orchestration.assets import CUT_OFF, raw_assets
from valuegap.orchestration.dag_defaults import DAG_DEFAULTS


@dag(
    schedule=PartitionedAssetTimetable(assets=reduce(and_, raw_assets()) | CUT_OFF),
    doc_md=__doc__,
    tags=["check", "build"],
    **DAG_DEFAULTS,
)
def build_marts():
    # A teardown runs after a failed gate too, and cannot make a failed night green.
    stages.check_raw() >> stages.build() >> stages.check_marts() >> stages.report().as_teardown()


build_marts()
