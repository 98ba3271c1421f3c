with

price_list as (
    select * from {{ ref("stg_hubspot__products") }}
),

line_items as (
    select * from {{ ref("stg_hubspot__line_items") }}
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
            partition by product_sku order by is_archived, updated_at desc, product_id
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
