select
    attribute_code,
    name as attribute_name,
    level,
    parent_code,
    benefit_kind,
    cost_kind,
    is_tangible,
    need_code,
    need_level,
    stage_code,
    servqual_dimension,
    differentiator_type,
    area,
    {{ lineage_columns() }}
from {{ ref("attribute") }}
