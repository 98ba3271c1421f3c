select
    product_key,
    product_sku,
    product_name,
    product_family,
    list_price,
    unit_cost,
    is_listed,
    {{ lineage_columns() }}
from {{ ref("int_products") }}
