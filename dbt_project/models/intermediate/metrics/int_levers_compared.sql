with

monthly as (
    select * from {{ ref("int_sales_by_month") }}
    where orders > 0
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

pairs as (
    select * from {{ ref("int_period_pairs") }}
),

-- Both periods of a pair side by side; a segment without sales in one of them has zeros there.
sided as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        pairs.period_grain,
        pairs.comparison,
        pairs.period_start,
        pairs.period_end,
        pairs.prior_start,
        pairs.prior_end,
        monthly.customer_key,
        monthly.orders,
        monthly.units,
        monthly.revenue,
        pairs.is_current
    from monthly
    inner join segments on monthly.customer_key = segments.customer_key
    inner join pairs on monthly.month_start = pairs.month_start
),

compared as (
    select
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        comparison,
        period_start,
        period_end,
        prior_start,
        prior_end,
        cast(count(distinct case when not is_current then customer_key end) as bigint) as n_customers_prior,
        cast(count(distinct case when is_current then customer_key end) as bigint) as n_customers_current,
        cast(sum(case when is_current then 0 else orders end) as bigint) as n_orders_prior,
        cast(sum(case when is_current then orders else 0 end) as bigint) as n_orders_current,
        cast(sum(case when is_current then 0 else units end) as decimal(18, 6)) as units_prior,
        cast(sum(case when is_current then units else 0 end) as decimal(18, 6)) as units_current,
        cast(sum(case when is_current then 0 else revenue end) as decimal(18, 2)) as revenue_prior,
        cast(sum(case when is_current then revenue else 0 end) as decimal(18, 2)) as revenue_current
    from sided
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
)

select
    *,
    {{ safe_divide("n_orders_prior", "n_customers_prior") }} as orders_per_customer_prior,
    {{ safe_divide("n_orders_current", "n_customers_current") }} as orders_per_customer_current,
    {{ safe_divide("units_prior", "n_orders_prior") }} as units_per_order_prior,
    {{ safe_divide("units_current", "n_orders_current") }} as units_per_order_current,
    {{ safe_divide("revenue_prior", "units_prior") }} as revenue_per_unit_prior,
    {{ safe_divide("revenue_current", "units_current") }} as revenue_per_unit_current
from compared
