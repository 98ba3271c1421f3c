select
    customer_key,
    customer_name_hash,
    customer_type,
    industry,
    market_segment,
    country,
    size_band,
    acquired_at,
    first_order_at,
    last_order_at,
    status,
    has_crm_record,
    n_contacts,
    is_merged,
    enrichment_completeness,
    {{ lineage_columns() }}
from {{ ref("int_customers") }}
