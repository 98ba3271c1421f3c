with

products as (
    select * from {{ ref("dim_product") }}
),

segments as (
    select distinct segment_key, segment_type, segment_value
    from {{ ref("int_customer_segments") }}
),

price_research as (
    select * from {{ ref("price_research") }}
),

product_sales as (
    select * from {{ ref("int_product_sales") }}
),

valid_research as (
    select
        *,
        row_number() over (partition by product_sku, segment_key order by valid_from desc) as recency
    from price_research
    where valid_from <= {{ as_of_date() }}
),

sales as (
    select
        product_sku,
        segment_key,
        cast(sum(units_sold) as double) as units_sold,
        cast(sum(list_amount) as decimal(18, 2)) as list_amount,
        cast(sum(discount_amount) as decimal(18, 2)) as discount_amount,
        cast(sum(net_amount) as decimal(18, 2)) as net_amount
    from product_sales
    group by 1, 2
),

final as (
    select
        products.product_key,
        products.product_sku,
        products.list_price,
        products.unit_cost,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        valid_research.valid_from as researched_from,
        valid_research.source as research_source,
        valid_research.n_respondents as n_research_respondents,
        valid_research.reference_price,
        valid_research.positive_differentiation,
        valid_research.negative_differentiation,
        valid_research.cost_savings,
        valid_research.perceived_worth,
        coalesce(sales.units_sold, 0) as units_sold,
        coalesce(sales.list_amount, 0) as list_amount,
        coalesce(sales.discount_amount, 0) as discount_amount,
        coalesce(sales.net_amount, 0) as net_amount,
        cast(round({{ safe_divide("sales.net_amount", "sales.units_sold") }}, 2) as decimal(18, 2)) as price
    from products
    cross join segments
    left join valid_research
        on
            products.product_sku = valid_research.product_sku
            and segments.segment_key = valid_research.segment_key
            and valid_research.recency = 1
    left join sales
        on
            products.product_sku = sales.product_sku
            and segments.segment_key = sales.segment_key
    where segments.segment_type = 'all' or valid_research.product_sku is not null
)

select * from final
