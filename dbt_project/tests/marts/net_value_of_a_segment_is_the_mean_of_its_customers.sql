-- Sums of scores, not only counts: a join that swapped customers between segments or products would keep the counts.
with
customers as (
    select
        product_key,
        period_grain,
        period_start,
        count(post_purchase_value_score) as n_customers,
        avg(post_purchase_value_score) as net_value
    from {{ ref("customer_value") }}
    where product_key = 'all' or period_grain in ('year', 'trailing_12m')
    group by 1, 2, 3
    having count(post_purchase_value_score) > 0
),

segments as (
    select
        product_key,
        segment_type,
        period_grain,
        period_start,
        sum(n_customers) as n_customers,
        sum(n_customers * estimate) / sum(n_customers) as net_value
    from {{ ref("customer_value_segment") }}
    where measure_code = 'net_value' and purchase_phase = 'post_purchase'
    group by 1, 2, 3, 4
)

select
    segments.*,
    customers.n_customers as n_customers_expected,
    customers.net_value as net_value_expected
from customers
left join segments
    on
        customers.product_key = segments.product_key
        and customers.period_grain = segments.period_grain
        and customers.period_start = segments.period_start
where
    segments.n_customers is distinct from customers.n_customers
    or abs(segments.net_value - customers.net_value) > 1e-6
