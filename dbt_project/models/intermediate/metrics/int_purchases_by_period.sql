with

order_lines as (
    select * from {{ ref("fct_order_line") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

order_days as (
    select
        customer_key,
        cast(ordered_at as date) as order_date,
        sum(net_amount) as spend
    from order_lines
    where is_clean_sale
    group by 1, 2
),

-- The year before is compared only where the history covers all of it.
history as (
    select cast(date_trunc('month', min(order_date)) as date) as first_month
    from order_days
),

first_orders as (
    select
        customer_key,
        min(order_date) as first_order_date
    from order_days
    group by 1
),

purchases as (
    select
        order_days.customer_key,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        max(order_days.order_date) as last_order_date,
        sum(case when order_days.order_date < periods.period_start then 1 else 0 end) as earlier_order_days,
        sum(case when order_days.order_date >= periods.period_start then 1 else 0 end) as order_days,
        sum(case when order_days.order_date >= periods.period_start then order_days.spend end) as spend,
        sum(case when order_days.order_date <= {{ months_after("periods.period_end", -12) }} then order_days.spend end)
            as spend_year_before
    from order_days
    inner join periods
        on order_days.order_date between {{ months_after("periods.period_start", -12) }} and periods.period_end
    group by 1, 2, 3, 4, 5
),

final as (
    select
        purchases.customer_key,
        purchases.period_grain,
        purchases.period_start,
        purchases.period_end,
        purchases.period_is_complete,
        purchases.earlier_order_days > 0 as was_customer,
        purchases.earlier_order_days > 0 and purchases.order_days > 0 as has_repurchased,
        {{ days_between("purchases.last_order_date", "purchases.period_end") }} <= {{ var("activity_window_days") }}
            as is_active,
        {{ days_between("first_orders.first_order_date", "purchases.period_end") }} as tenure_days,
        cast(purchases.spend as decimal(18, 2)) as spend,
        case
            when history.first_month <= {{ months_after("purchases.period_start", -12) }}
                then cast(purchases.spend_year_before as decimal(18, 2))
        end as spend_year_before
    from purchases
    cross join history
    inner join first_orders on purchases.customer_key = first_orders.customer_key
)

select * from final
