with

sales as (
    select * from {{ ref("int_sales_by_month") }}
),

subscriptions as (
    select * from {{ ref("int_subscriptions") }}
),

tickets as (
    select * from {{ ref("int_tickets") }}
),

activities as (
    select customer_key, month_start, orders > 0 as is_sale
    from sales
    union all
    select customer_key, cast(date_trunc('month', starts_on) as date) as month_start, false as is_sale
    from subscriptions
    where is_counted and starts_on <= {{ as_of_date() }}
    union all
    select customer_key, cast(date_trunc('month', created_at) as date) as month_start, false as is_sale
    from tickets
    where customer_key is not null and not is_deleted and not is_merged
),

bounds as (
    select
        customer_key,
        min(month_start) as first_activity_month,
        min(case when is_sale then month_start end) as first_month,
        max(case when is_sale then month_start end) as last_sale_month
    from activities
    group by customer_key
),

months as (
    select
        *,
        {{ integers_between("0", months_between("first_activity_month", as_of_date())) }} as month_offset
    from bounds
),

dated as (
    select
        customer_key,
        first_month,
        last_sale_month,
        {{ months_after("first_activity_month", "month_offset") }} as month_start
    from months
),

final as (
    select
        customer_key,
        month_start,
        first_month,
        case when month_start >= first_month then {{ months_between("first_month", "month_start") }} end
            as month_number,
        coalesce(month_start = last_sale_month, false) as is_last_sale_month
    from dated
)

select * from final
