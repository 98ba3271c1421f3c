select
    deal_key,
    customer_key,
    is_buyer,
    allocation_share,
    allocated_amount,
    {{ lineage_columns() }}
from {{ ref("int_deal_customers") }}
