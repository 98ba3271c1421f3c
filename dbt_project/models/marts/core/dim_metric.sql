select
    metric_code,
    name as metric_name,
    question,
    formula,
    numerator,
    denominator,
    unit,
    direction,
    minimum,
    maximum,
    model,
    column_name,
    row_filter,
    source as formula_source,
    formula_version,
    owner,
    {{ lineage_columns() }}
from {{ ref("metric") }}
