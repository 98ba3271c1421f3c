select
    theme_code,
    name as theme_name,
    attribute_code,
    stage_code,
    need_code,
    feedback_type,
    meaning,
    {{ lineage_columns() }}
from {{ ref("theme") }}
