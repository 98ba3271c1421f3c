with

customers as (
    select * from {{ ref("int_customers") }}
),

customer_months as (
    select * from {{ ref("int_customer_month") }}
),

-- Whether a customer left is known only after the window of silence: months that end later say nothing yet.
known_until as (
    select
        cast(date_trunc('month', {{ days_after(as_of_date(), -(var("activity_window_days") | int)) }}) as date)
            as last_month
),

order_months as (
    select
        customer_key,
        min(first_month) as first_month,
        max(case when orders > 0 then month_start end) as last_month
    from customer_months
    group by customer_key
),

observed as (
    select
        customers.customer_key,
        coalesce(customers.market_segment, 'unknown') as market_segment,
        customers.status = 'active' as is_active,
        case when order_months.last_month < known_until.last_month then 1 else 0 end as n_departures,
        {{ months_between(
            "order_months.first_month", "least(order_months.last_month, known_until.last_month)"
        ) }} as n_months_stayed
    from customers
    inner join order_months on customers.customer_key = order_months.customer_key
    cross join known_until
),

counted as (
    select
        customer_key,
        market_segment,
        is_active,
        greatest(n_months_stayed, 0) as n_months_stayed,
        greatest(n_months_stayed, 0) + n_departures as n_months_at_risk
    from observed
),

-- A customer still there has stayed all of its months, so its own would flatter it: they stop when it leaves. Those of
-- all customers of its market segment together do not.
segments as (
    select
        counted.market_segment,
        'segments' as kind,
        sum(counted.n_months_stayed) as n_months_stayed,
        sum(counted.n_months_at_risk) as n_months_at_risk
    from counted
    group by counted.market_segment
),

all_segments as (
    {{ prior("segments", ["kind"], "n_months_at_risk", "n_months_stayed", "n_months_stayed") | indent(4) }}
),

segment_rates as (
    select
        segments.market_segment,
        {{ shrunk_share("n_months_stayed", "n_months_at_risk") }} as retention_rate_month
    from segments
    left join all_segments on segments.kind = all_segments.kind
),

final as (
    select
        counted.customer_key,
        counted.is_active,
        cast(counted.n_months_stayed as bigint) as n_months_stayed,
        cast(counted.n_months_at_risk as bigint) as n_months_at_risk,
        segment_rates.retention_rate_month
    from counted
    left join segment_rates on counted.market_segment = segment_rates.market_segment
)

select * from final
