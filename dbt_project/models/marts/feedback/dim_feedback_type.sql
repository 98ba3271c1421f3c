select
    feedback_type,
    name as feedback_type_name,
    question,
    collected_by,
    {{ lineage_columns() }}
from {{ ref("feedback_type") }}
