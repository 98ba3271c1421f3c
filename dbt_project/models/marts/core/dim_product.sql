select
    product_key,
    product_sku,
    product_name,
    product_family,
    list_price,
    unit_cost,
    unit_cost is not null as has_cost,
    is_listed,
    {{ lineage_columns() }}
from {{ ref("int_products") }}
