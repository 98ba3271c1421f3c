select
    scale_code,
    name as scale_name,
    kind,
    scale_min,
    scale_max,
    points,
    top_box_from,
    bottom_box_to,
    low_anchor,
    high_anchor,
    {{ lineage_columns() }}
from {{ ref("scale") }}
