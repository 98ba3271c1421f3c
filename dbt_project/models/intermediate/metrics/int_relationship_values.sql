{% set horizon = var("clv_horizon_months") %}
{% set discount = monthly_discount_rate(var("discount_rate_annual")) %}
{% set least_cost_coverage = 0.5 %}  {#- of revenue; below, the known costs say too little of the rest -#}

with

customers as (
    select * from {{ ref("int_customers") }}
),

margins as (
    select * from {{ ref("int_customer_margins") }}
),

retention as (
    select * from {{ ref("int_customer_retention") }}
),

joined as (
    select
        customers.customer_key,
        coalesce(retention.is_active, false) as is_active,
        retention.n_months_stayed,
        retention.n_months_at_risk,
        retention.retention_rate_month,
        margins.historic_margin_amount,
        margins.n_margin_months,
        margins.cost_coverage,
        {{ safe_divide("margins.costed_margin_per_month", "margins.cost_coverage") }} as margin_per_month,
        case
            when margins.customer_key is null then 'no_order'
            when margins.historic_margin_amount is null then 'no_cost'
            when margins.n_margin_months = 0 then 'no_complete_month'
            when margins.cost_coverage < {{ least_cost_coverage }} then 'no_cost'
            when retention.retention_rate_month is null then 'no_retention_rate'
        end as unavailable_reason
    from customers
    left join margins on customers.customer_key = margins.customer_key
    left join retention on customers.customer_key = retention.customer_key
),

-- A customer silent for longer than the activity window counts as lost: nobody stays, nothing is expected.
available as (
    select
        customer_key,
        margin_per_month,
        case when is_active then retention_rate_month else 0 end as retention_rate_month
    from joined
    where unavailable_reason is null
),

valued as (
    select
        customer_key,
        margin_per_month,
        {{ relationship_value_finite("margin_per_month", "retention_rate_month", discount, horizon) }} as finite_value,
        {{ relationship_value_infinite("margin_per_month", "retention_rate_month", discount) }} as infinite_value
    from available
),

final as (
    select
        joined.customer_key,
        joined.is_active,
        joined.unavailable_reason,
        joined.n_margin_months,
        joined.cost_coverage,
        joined.retention_rate_month,
        joined.n_months_stayed,
        joined.n_months_at_risk,
        joined.historic_margin_amount,
        cast(round(valued.margin_per_month, 2) as decimal(18, 2)) as margin_per_month,
        cast(round(valued.finite_value, 2) as decimal(18, 2)) as relationship_value_amount,
        cast(round(valued.infinite_value, 2) as decimal(18, 2)) as relationship_value_infinite
    from joined
    left join valued on joined.customer_key = valued.customer_key
)

select * from final
