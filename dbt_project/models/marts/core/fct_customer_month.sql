with

calendar as (
    select * from {{ ref("int_customer_calendar") }}
),

sales as (
    select * from {{ ref("int_sales_by_month") }}
),

recurring as (
    select * from {{ ref("int_recurring_by_month") }}
),

tickets as (
    select * from {{ ref("int_tickets") }}
),

vanished as (
    select * from {{ ref("int_vanished_customers") }}
),

tickets_by_month as (
    select
        customer_key,
        cast(date_trunc('month', created_at) as date) as month_start,
        cast(count(*) as bigint) as n_tickets,
        cast(sum(requester_wait_minutes_business) as bigint) as requester_wait_minutes
    from tickets
    where customer_key is not null and not is_deleted and not is_merged
    group by customer_key, cast(date_trunc('month', created_at) as date)
),

joined as (
    select
        calendar.customer_key,
        calendar.month_start,
        calendar.first_month,
        calendar.month_number,
        {{ months_after("calendar.month_start", 1) }} <= {{ days_after(as_of_date(), 1) }} as month_is_complete,
        coalesce(sales.orders, 0) as orders,
        cast(coalesce(sales.units, 0) as decimal(18, 6)) as units,
        cast(coalesce(sales.revenue, 0) as decimal(18, 2)) as revenue,
        cast(coalesce(sales.returned_amount, 0) as decimal(18, 2)) as returned_amount,
        cast(case when sales.customer_key is null then 0 else sales.margin end as decimal(18, 2)) as margin,
        coalesce(sales.has_complete_cost, true) as has_complete_cost,
        coalesce(sales.has_complete_rate, true) as has_complete_rate,
        coalesce(recurring.recurring_amount, 0) as recurring_end,
        coalesce(tickets_by_month.n_tickets, 0) as n_tickets,
        coalesce(tickets_by_month.requester_wait_minutes, 0) as requester_wait_minutes,
        -- Silence says that a customer left only when it has lasted for the window.
        calendar.is_last_sale_month
        and calendar.month_start
        < cast(date_trunc('month', {{ days_after(as_of_date(), -(var("activity_window_days") | int)) }}) as date)
            as is_last_before_silence,
        vanished.customer_key is not null as is_vanished
    from calendar
    left join sales on calendar.customer_key = sales.customer_key and calendar.month_start = sales.month_start
    left join recurring
        on calendar.customer_key = recurring.customer_key and calendar.month_start = recurring.month_start
    left join tickets_by_month
        on
            calendar.customer_key = tickets_by_month.customer_key
            and calendar.month_start = tickets_by_month.month_start
    left join vanished on calendar.customer_key = vanished.customer_key
),

followed as (
    select
        *,
        coalesce(lag(recurring_end) over history, 0) as recurring_start,
        coalesce(max(recurring_end) over before, 0) as recurring_before,
        sum(revenue) over so_far + sum(returned_amount) over so_far as net_revenue_to_date
    from joined
    window
        history as (partition by customer_key order by month_start),
        before as (
            partition by customer_key order by month_start rows between unbounded preceding and 1 preceding
        ),
        so_far as (
            partition by customer_key order by month_start rows between unbounded preceding and current row
        )
),

moved as (
    select
        *,
        case when recurring_before = 0 then recurring_end else 0 end as recurring_new,
        case
            when recurring_end > recurring_start and recurring_start > 0 then recurring_end - recurring_start else 0
        end as recurring_expansion,
        case
            when recurring_start > recurring_end and recurring_end > 0 then recurring_start - recurring_end else 0
        end as recurring_contraction,
        case when recurring_end = 0 then recurring_start else 0 end as recurring_churn,
        case when recurring_start = 0 and recurring_before > 0 then recurring_end else 0 end as recurring_reactivation
    from followed
),

final as (
    select
        customer_key,
        month_start,
        first_month,
        month_number,
        month_is_complete,
        orders > 0 as is_active,
        orders,
        units,
        revenue,
        returned_amount,
        margin,
        has_complete_cost,
        has_complete_rate,
        {% for movement in ["start", "new", "expansion", "contraction", "churn", "reactivation", "end"] -%}
        cast(recurring_{{ movement }} as decimal(18, 2)) as recurring_{{ movement }},
        {% endfor -%}
        case
            when not (recurring_churn > 0 or is_last_before_silence) then null
            when is_vanished then 'involuntary'
            else 'voluntary'
        end as churn_type,
        n_tickets,
        requester_wait_minutes,
        -returned_amount > revenue as has_refund_above_sales,
        net_revenue_to_date < 0 as has_refund_above_sales_to_date,
        coalesce(margin < 0, false) as is_negative_margin,
        {{ lineage_columns() | indent(8) }}
    from moved
)

select * from final
