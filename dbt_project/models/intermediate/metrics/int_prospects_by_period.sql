with

customers as (
    select * from {{ ref("int_customers") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

earlier_customers as (
    select * from {{ ref("int_earlier_customers") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

days as (
    select
        segments.segment_key,
        cast(customers.acquired_at as date) as known_on,
        cast(customers.first_order_at as date) as first_order_on,
        count(*) as n_customers
    from customers
    inner join segments on customers.customer_key = segments.customer_key
    left join earlier_customers on customers.customer_key = earlier_customers.customer_key
    where customers.has_crm_record and earlier_customers.customer_key is null
    group by 1, 2, 3
)

select
    days.segment_key,
    periods.period_grain,
    periods.period_start,
    cast(sum(days.n_customers) as bigint) as prospects_known,
    cast(sum(case when days.first_order_on <= periods.period_end then days.n_customers else 0 end) as bigint)
        as customers_won
from days
inner join periods
    on
        days.known_on <= periods.period_end
        and (days.first_order_on is null or days.first_order_on >= periods.period_start)
group by 1, 2, 3
