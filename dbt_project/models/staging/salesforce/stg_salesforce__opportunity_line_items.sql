with

versions as (
    {{ latest_version(source("salesforce", "opportunity_line_items"), version="updated_at") }}
),

census as (
    {{ last_census(source("salesforce", "opportunity_line_item_ids")) }}
),

counted as (
    {{ counted_versions() }}
),

renamed as (
    select
        id as line_item_id,
        opportunity_id as deal_id,
        product_id,

        product_code as product_sku,
        currency_iso_code as currency,

        cast(sort_order as integer) as line_number,
        quantity,
        unit_price,
        cast(round(quantity * unit_price, 2) as decimal(18, 6)) - total_price as discount_amount,
        unit_cost,

        is_gone as is_archived,

        created_at,
        updated_at
    from counted
)

select * from renamed
