with

versions as (
    {{ latest_version(source("hubspot", "line_items"), version="updated_at") }}
),

census as (
    {{ last_census(source("hubspot", "line_item_ids")) }}
),

counted as (
    {{ counted_versions(is_deleted="is_archived") }}
),

renamed as (
    select
        id as line_item_id,

        hs_product_id as product_id,
        hs_sku as product_sku,
        name as product_name,
        hs_line_item_currency_code as currency,
        hs_recurring_billing_period as billing_period,

        cast(hs_position_on_quote as integer) as line_number,
        quantity,
        price as unit_price,
        hs_total_discount as discount_amount,
        hs_cost_of_goods_sold as unit_cost,

        is_gone as is_archived,

        cast(hs_recurring_billing_start_date as date) as billing_starts_on,
        created_at,
        updated_at
    from counted
)

select * from renamed
