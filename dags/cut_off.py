"""# Cut off a night

At the cut-off time a night stops waiting for a source that has not come: this DAG announces the night as
cut off, and `build_marts` builds it from what there is. It skips when all sources have come or the
night is built already, and fails when none has come: then there is nothing to build.

The missing source is named in this task's log, in the events of the assets `cut_off` and
`candidate_marts`, as a warning in `build_marts`, and by its age in the mart `freshness`. When it comes
later, the next night has it; to have it in this one, trigger `build_marts` with the night's `as_of_date`.
"""

from airflow.sdk import dag

from valuegap.orchestration import stages
from valuegap.orchestration.dag_defaults import DAG_DEFAULTS
from valuegap.orchestration.schedules import cut_off_schedule


@dag(schedule=cut_off_schedule(), doc_md=__doc__, tags=["build"], **DAG_DEFAULTS)
def cut_off():
    stages.cut_off()


cut_off()
