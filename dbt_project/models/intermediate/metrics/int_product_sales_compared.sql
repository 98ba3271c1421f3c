with

order_lines as (
    select * from {{ ref("fct_order_line") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

pairs as (
    select * from {{ ref("int_period_pairs") }}
),

monthly as (
    select
        customer_key,
        cast(date_trunc('month', ordered_at) as date) as month_start,
        coalesce(product_sku, 'unknown') as product_sku,
        sum(quantity) as units,
        sum(net_amount) as revenue
    from order_lines
    where is_clean_sale
    group by 1, 2, 3
),

segment_months as (
    select
        segments.segment_key,
        monthly.month_start,
        monthly.product_sku,
        sum(monthly.units) as units,
        sum(monthly.revenue) as revenue
    from monthly
    inner join segments on monthly.customer_key = segments.customer_key
    group by 1, 2, 3
),

final as (
    select
        segment_months.segment_key,
        segment_months.product_sku,
        pairs.period_grain,
        pairs.comparison,
        pairs.period_start,
        cast(sum(case when pairs.is_current then 0 else segment_months.units end) as double) as units_prior,
        cast(sum(case when pairs.is_current then segment_months.units else 0 end) as double) as units_current,
        cast(sum(case when pairs.is_current then 0 else segment_months.revenue end) as decimal(18, 2))
            as revenue_prior,
        cast(sum(case when pairs.is_current then segment_months.revenue else 0 end) as decimal(18, 2))
            as revenue_current
    from segment_months
    inner join pairs on segment_months.month_start = pairs.month_start
    group by 1, 2, 3, 4, 5
)

select * from final
