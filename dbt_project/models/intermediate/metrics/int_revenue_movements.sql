with

customer_months as (
    select * from {{ ref("fct_customer_month") }}
),

order_lines as (
    select * from {{ ref("fct_order_line") }}
),

order_months as (
    select
        customer_key,
        cast(date_trunc('month', ordered_at) as date) as month_start,
        min(cast(ordered_at as date)) as first_order_date,
        max(cast(ordered_at as date)) as last_order_date
    from order_lines
    where is_clean_sale
    group by 1, 2
),

neighbouring_orders as (
    select
        *,
        lag(last_order_date) over history as order_date_before,
        lead(first_order_date) over history as order_date_after
    from order_months
    window history as (partition by customer_key order by month_start)
),

silences as (
    select
        customer_key,
        month_start,
        {{ days_between("order_date_before", "first_order_date") }} > {{ var("activity_window_days") }}
            as is_back_from_silence,
        {{ days_between("last_order_date", "coalesce(order_date_after, " ~ as_of_date() ~ ")") }}
        > {{ var("activity_window_days") }} as is_silent_after
    from neighbouring_orders
),

followed as (
    select
        customer_months.customer_key,
        customer_months.month_start,
        customer_months.month_number,
        customer_months.month_is_complete,
        customer_months.is_active,
        customer_months.revenue,
        coalesce(silences.is_back_from_silence, false) as is_back_from_silence,
        lag(customer_months.is_active, 1, false) over history as was_active,
        lag(customer_months.revenue, 1, 0) over history as revenue_before,
        lag(coalesce(silences.is_silent_after, false), 1, false) over history as has_fallen_silent,
        lag(customer_months.churn_type) over history as churn_type
    from customer_months
    left join silences
        on customer_months.customer_key = silences.customer_key and customer_months.month_start = silences.month_start
    where customer_months.month_number >= 0
    window history as (partition by customer_months.customer_key order by customer_months.month_start)
),

-- A pause shorter than the window is no departure: the revenue falls and rises again.
stated as (
    select
        *,
        case
            when month_number = 0 then 'new'
            when was_active and is_active then 'kept'
            when was_active and has_fallen_silent then 'lost'
            when was_active then 'paused'
            when is_active and is_back_from_silence then 'reactivated'
            when is_active then 'resumed'
        end as movement,
        revenue - revenue_before as change
    from followed
    where is_active or was_active
),

order_movements as (
    select
        'orders' as basis,
        customer_key,
        month_start,
        month_is_complete,
        month_is_complete and {{ is_silence_known(days_after("month_start", -1)) }} as is_decided,
        movement,
        case when movement = 'lost' then coalesce(churn_type, 'voluntary') end as churn_type,
        revenue_before as amount_start,
        case when movement = 'new' then revenue else 0 end as amount_new,
        case
            when movement in ('new', 'reactivated') or (movement = 'lost' and change < 0) then 0
            else greatest(change, 0)
        end as amount_expansion,
        case
            when movement in ('new', 'reactivated', 'lost') then 0
            else greatest(-change, 0)
        end as amount_contraction,
        case when movement = 'lost' then greatest(-change, 0) else 0 end as amount_churn,
        case when movement = 'reactivated' then revenue else 0 end as amount_reactivation,
        revenue as amount_end
    from stated
),

subscription_movements as (
    select
        'subscription' as basis,
        customer_key,
        month_start,
        month_is_complete,
        -- A renewal may be a month late and still continue what ended.
        {{ days_after(months_after("month_start", 1), 30) }} <= {{ as_of_date() }} as is_decided,
        case
            when recurring_new > 0 then 'new'
            when recurring_churn > 0 then 'lost'
            when recurring_reactivation > 0 then 'reactivated'
            else 'kept'
        end as movement,
        case when recurring_churn > 0 then churn_type end as churn_type,
        recurring_start as amount_start,
        recurring_new as amount_new,
        recurring_expansion as amount_expansion,
        recurring_contraction as amount_contraction,
        recurring_churn as amount_churn,
        recurring_reactivation as amount_reactivation,
        recurring_end as amount_end
    from customer_months
    where recurring_start <> 0 or recurring_end <> 0
),

final as (
    select * from order_movements
    union all
    select * from subscription_movements
)

select * from final
