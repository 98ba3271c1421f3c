with

customer_months as (
    select * from {{ ref("int_customer_month") }}
),

recent_bounds as (
    select
        max(month_start) as last_month,
        {{ months_after("max(month_start)", -11) }} as first_month
    from customer_months
    where month_is_complete
),

recent_sums as (
    select
        customer_months.customer_key,
        cast(count(*) as bigint) as n_margin_months,
        sum(customer_months.revenue) as revenue,
        sum(case when customer_months.has_complete_cost then customer_months.revenue else 0 end) as costed_revenue,
        sum(case when customer_months.has_complete_cost then customer_months.margin else 0 end) as costed_margin
    from customer_months
    inner join recent_bounds
        on customer_months.month_start between recent_bounds.first_month and recent_bounds.last_month
    group by customer_months.customer_key
),

history as (
    select
        customer_key,
        bool_or((orders > 0 or returned_amount <> 0) and margin is not null) as has_known_margin,
        cast(sum(margin) as decimal(18, 2)) as margin_amount,
        sum(revenue) as revenue,
        sum(case when has_complete_cost then revenue else 0 end) as costed_revenue,
        sum(case when has_complete_cost then margin else 0 end) as costed_margin,
        sum(revenue) + sum(returned_amount) < 0 as has_refund_above_sales
    from customer_months
    group by customer_key
),

final as (
    select
        history.customer_key,
        case when history.has_known_margin then history.margin_amount end as historic_margin_amount,
        coalesce(recent_sums.n_margin_months, 0) as n_margin_months,
        case
            when recent_sums.revenue > 0 then {{ safe_divide("recent_sums.costed_revenue", "recent_sums.revenue") }}
            else 1
        end as cost_coverage,
        {{ safe_divide("recent_sums.costed_margin", "recent_sums.n_margin_months") }} as costed_margin_per_month,
        cast(history.revenue as decimal(18, 2)) as revenue_amount,
        cast(history.costed_revenue as decimal(18, 2)) as costed_revenue_amount,
        cast(history.costed_margin as decimal(18, 2)) as costed_margin_amount,
        history.has_refund_above_sales
    from history
    left join recent_sums on history.customer_key = recent_sums.customer_key
)

select * from final
