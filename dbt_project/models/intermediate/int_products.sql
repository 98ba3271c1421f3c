with

hubspot_products as (
    select * from {{ ref("stg_hubspot__products") }}
),

hubspot_line_items as (
    select * from {{ ref("stg_hubspot__line_items") }}
),

salesforce_products as (
    select * from {{ ref("stg_salesforce__products") }}
),

salesforce_prices as (
    select * from {{ ref("stg_salesforce__prices") }}
),

salesforce_line_items as (
    select * from {{ ref("stg_salesforce__opportunity_line_items") }}
),

ranked_prices as (
    select
        product_id,
        list_price,
        row_number() over (
            partition by product_id order by is_archived, is_active desc, updated_at desc, price_id
        ) as price_rank
    from salesforce_prices
    where currency is null or currency = '{{ var("reporting_currency") }}'
),

price_list as (
    select
        'hubspot' as source_system,
        product_id,
        product_sku,
        product_name,
        product_family,
        list_price,
        unit_cost,
        is_archived,
        updated_at
    from hubspot_products
    union all
    select
        'salesforce' as source_system,
        salesforce_products.product_id,
        salesforce_products.product_sku,
        salesforce_products.product_name,
        salesforce_products.product_family,
        ranked_prices.list_price,
        salesforce_products.unit_cost,
        salesforce_products.is_archived or not salesforce_products.is_active as is_archived,
        salesforce_products.updated_at
    from salesforce_products
    left join ranked_prices
        on salesforce_products.product_id = ranked_prices.product_id and ranked_prices.price_rank = 1
),

line_items as (
    select product_sku, product_name, updated_at, line_item_id
    from hubspot_line_items
    union all
    select product_sku, cast(null as varchar) as product_name, updated_at, line_item_id
    from salesforce_line_items
),

listed as (
    select
        product_sku,
        product_name,
        product_family,
        list_price,
        unit_cost,
        true as is_listed,
        row_number() over (
            partition by product_sku order by is_archived, updated_at desc, source_system, product_id
        ) as survivor_rank
    from price_list
    where product_sku is not null
),

-- Sold without being on the price list: the name it was last sold under.
sold as (
    select
        product_sku,
        product_name,
        cast(null as varchar) as product_family,
        cast(null as decimal(18, 6)) as list_price,
        cast(null as decimal(18, 6)) as unit_cost,
        false as is_listed,
        row_number() over (
            partition by product_sku order by product_name is null, updated_at desc, line_item_id
        ) as survivor_rank
    from line_items
    where product_sku is not null
),

unioned as (
    select *
    from listed
    where survivor_rank = 1
    union all
    select *
    from sold
    where survivor_rank = 1
),

ranked as (
    select
        *,
        row_number() over (partition by product_sku order by is_listed desc) as source_rank
    from unioned
),

final as (
    select
        {{ surrogate_key(["product_sku"]) }} as product_key,
        product_sku,
        product_name,
        product_family,
        list_price,
        unit_cost,
        is_listed
    from ranked
    where source_rank = 1
)

select * from final
