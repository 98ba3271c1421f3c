with

monthly as (
    select * from {{ ref("int_sales_by_month") }}
),

first_months as (
    select customer_key, min(month_start) as first_month
    from monthly
    where orders > 0
    group by customer_key
),

month_numbers as (
    select
        customer_key,
        first_month,
        {{ integers_between("0", months_between("first_month", as_of_date())) }} as month_number
    from first_months
),

calendar as (
    select
        customer_key,
        first_month,
        cast(month_number as integer) as month_number,
        {{ months_after("first_month", "month_number") }} as month_start
    from month_numbers
),

final as (
    select
        calendar.customer_key,
        calendar.month_start,
        calendar.first_month,
        calendar.month_number,
        {{ months_after("calendar.month_start", 1) }} <= {{ days_after(as_of_date(), 1) }} as month_is_complete,
        coalesce(monthly.orders, 0) > 0 as is_active,
        coalesce(monthly.orders, 0) as orders,
        cast(coalesce(monthly.units, 0) as decimal(18, 6)) as units,
        cast(coalesce(monthly.revenue, 0) as decimal(18, 2)) as revenue,
        cast(coalesce(monthly.returned_amount, 0) as decimal(18, 2)) as returned_amount,
        cast(
            case when monthly.customer_key is null then 0 else monthly.margin end as decimal(18, 2)
        ) as margin,
        coalesce(monthly.has_complete_cost, true) as has_complete_cost,
        coalesce(monthly.has_complete_rate, true) as has_complete_rate
    from calendar
    left join monthly
        on calendar.customer_key = monthly.customer_key and calendar.month_start = monthly.month_start
)

select * from final
