select
    cause_code,
    name as cause_name,
    category,
    stage_code,
    need_code,
    attribute_code,
    {{ lineage_columns() }}
from {{ ref("cause") }}
