"""# Publish the marts

Makes the audited candidate of a night the warehouse readers open, by one symlink swap, and exports it as
files. Readers that hold the old file keep reading it. Safe to run again: the same candidate is the same
file.

Where the connection `warehouse_serving` is set, `serve` then loads the night into PostgreSQL; elsewhere it
is skipped. `notify` mails new alerts to their owners where the connection `alert_mail` is set: see
docs/alerts.md.

**When it fails**, the last published warehouse stays as it is. Mend the cause the log names (a full disk,
most often), then clear the failed task. PostgreSQL shows the night before until `serve` has ended.
"""

from airflow.sdk import PartitionedAssetTimetable, dag

from valuegap.orchestration import stages
from valuegap.orchestration.assets import CANDIDATE_MARTS
from valuegap.orchestration.dag_defaults import DAG_DEFAULTS


@dag(
    schedule=PartitionedAssetTimetable(assets=CANDIDATE_MARTS),
    doc_md=__doc__,
    tags=["publish"],
    **DAG_DEFAULTS,
)
def publish_marts():
    published = stages.publish()
    published >> stages.export() >> stages.serve()
    published >> stages.notify()


publish_marts()
