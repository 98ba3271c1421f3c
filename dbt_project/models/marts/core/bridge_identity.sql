select
    source_system,
    source_object,
    source_id,
    contact_key,
    customer_key,
    standalone_customer_key,
    match_rule,
    match_confidence,
    match_evidence,
    account_rule,
    component_size,
    is_suppressed,
    suppression_reason,
    is_over_size_limit,
    is_excluded,
    decided_by,
    {{ lineage_columns() }}
from {{ ref("int_identity_resolved") }}
