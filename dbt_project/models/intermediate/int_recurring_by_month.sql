with

subscriptions as (
    select * from {{ ref("int_subscriptions") }}
),

running as (
    select
        customer_key,
        starts_on,
        recurs_until,
        monthly_amount,
        cast(date_trunc('month', starts_on) as date) as first_month,
        {{ integers_between(
            "0", months_between("starts_on", "least(recurs_until, " ~ as_of_date() ~ ")")
        ) }} as month_number
    from subscriptions
    where is_counted and starts_on <= {{ as_of_date() }} and recurs_until >= starts_on
),

monthly as (
    select
        *,
        {{ months_after("first_month", "month_number") }} as month_start
    from running
),

dated as (
    select
        *,
        least({{ days_after(months_after("month_start", 1), -1) }}, {{ as_of_date() }}) as last_day
    from monthly
),

final as (
    select
        customer_key,
        month_start,
        cast(sum(monthly_amount) as decimal(18, 2)) as recurring_amount
    from dated
    where last_day between starts_on and recurs_until
    group by customer_key, month_start
)

select * from final
