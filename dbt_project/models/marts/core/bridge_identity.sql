select
    source_system,
    source_object,
    source_id,
    contact_key,
    customer_key,
    match_rule,
    match_evidence,
    component_size,
    {{ lineage_columns() }}
from {{ ref("int_identity_resolved") }}
