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

-- Both periods of a pair side by side; a customer without purchases in one of them has zeros there.
customer_pairs as (
    select
        monthly.customer_key,
        pairs.period_grain,
        pairs.comparison,
        pairs.period_start,
        pairs.period_end,
        pairs.prior_start,
        pairs.prior_end,
        max(case when pairs.is_current then 0 else 1 end) as is_customer_prior,
        max(case when pairs.is_current then 1 else 0 end) as is_customer_current,
        sum(case when pairs.is_current then 0 else monthly.orders end) as n_orders_prior,
        sum(case when pairs.is_current then monthly.orders else 0 end) as n_orders_current,
        sum(case when pairs.is_current then 0 else monthly.units end) as units_prior,
        sum(case when pairs.is_current then monthly.units else 0 end) as units_current,
        sum(case when pairs.is_current then 0 else monthly.revenue end) as revenue_prior,
        sum(case when pairs.is_current then monthly.revenue else 0 end) as revenue_current
    from monthly
    inner join pairs on monthly.month_start = pairs.month_start
    group by 1, 2, 3, 4, 5, 6, 7
),

compared as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customer_pairs.period_grain,
        customer_pairs.comparison,
        customer_pairs.period_start,
        customer_pairs.period_end,
        customer_pairs.prior_start,
        customer_pairs.prior_end,
        cast(sum(customer_pairs.is_customer_prior) as bigint) as n_customers_prior,
        cast(sum(customer_pairs.is_customer_current) as bigint) as n_customers_current,
        cast(sum(customer_pairs.n_orders_prior) as bigint) as n_orders_prior,
        cast(sum(customer_pairs.n_orders_current) as bigint) as n_orders_current,
        cast(sum(customer_pairs.units_prior) as decimal(18, 6)) as units_prior,
        cast(sum(customer_pairs.units_current) as decimal(18, 6)) as units_current,
        cast(sum(customer_pairs.revenue_prior) as decimal(18, 2)) as revenue_prior,
        cast(sum(customer_pairs.revenue_current) as decimal(18, 2)) as revenue_current
    from customer_pairs
    inner join segments on customer_pairs.customer_key = segments.customer_key
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
