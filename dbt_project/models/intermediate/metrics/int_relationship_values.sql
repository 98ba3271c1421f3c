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

purchases as (
    select * from {{ ref("int_purchase_values") }}
),

-- A model too weak to be used for anyone leaves the value to the retention form, for all.
fit as (
    select
        coalesce(bool_or(unusable_reason is null and amount_unusable_reason is null), false)
        and '{{ var("business_model") }}' = 'noncontractual' as decides,
        max(method_version) as method_version
    from {{ source("analytics", "purchase_fit") }}
    where sample = 'all'
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
        coalesce(margins.has_refund_above_sales, false) as has_refund_above_sales,
        {{ safe_divide("margins.costed_margin_per_month", "margins.cost_coverage") }} as margin_per_month,
        case
            when margins.customer_key is null then 'no_order'
            when margins.historic_margin_amount is null then 'no_cost'
            when margins.n_margin_months = 0 then 'no_complete_month'
            when margins.cost_coverage < {{ least_cost_coverage }} then 'no_cost'
            when retention.retention_rate_month is null then 'no_retention_rate'
        end as retention_unavailable_reason,
        purchases.n_repeat_purchases,
        purchases.p_alive,
        purchases.expected_orders_12m,
        purchases.expected_order_amount,
        purchases.margin_share,
        purchases.bg_nbd_value_amount,
        case when purchases.customer_key is null then 'no_order' else purchases.unavailable_reason end
            as bg_nbd_unavailable_reason
    from customers
    left join margins on customers.customer_key = margins.customer_key
    left join retention on customers.customer_key = retention.customer_key
    left join purchases on customers.customer_key = purchases.customer_key
),

-- A customer silent for longer than the activity window counts as lost: nobody stays, nothing is expected.
available as (
    select
        customer_key,
        margin_per_month,
        case when is_active then retention_rate_month else 0 end as retention_rate_month
    from joined
    where retention_unavailable_reason is null
),

valued as (
    select
        customer_key,
        cast(round(margin_per_month, 2) as decimal(18, 2)) as margin_per_month,
        cast(
            round({{ relationship_value_finite("margin_per_month", "retention_rate_month", discount, horizon) }}, 2)
            as decimal(18, 2)
        ) as retention_value_amount,
        cast(
            round({{ relationship_value_infinite("margin_per_month", "retention_rate_month", discount) }}, 2)
            as decimal(18, 2)
        ) as retention_value_infinite
    from available
),

final as (
    select
        joined.customer_key,
        joined.is_active,
        case
            when fit.decides then joined.bg_nbd_unavailable_reason else joined.retention_unavailable_reason
        end as unavailable_reason,
        case when fit.decides then fit.method_version else 'retention-2' end as model_version,
        case
            when fit.decides then joined.bg_nbd_value_amount else valued.retention_value_amount
        end as relationship_value_amount,
        case when not fit.decides then valued.retention_value_infinite end as relationship_value_infinite,
        joined.has_refund_above_sales,
        joined.historic_margin_amount,
        valued.retention_value_amount,
        joined.retention_unavailable_reason,
        valued.margin_per_month,
        joined.n_margin_months,
        joined.cost_coverage,
        joined.retention_rate_month,
        joined.n_months_stayed,
        joined.n_months_at_risk,
        joined.bg_nbd_value_amount,
        joined.bg_nbd_unavailable_reason,
        joined.n_repeat_purchases,
        joined.p_alive,
        joined.expected_orders_12m,
        joined.expected_order_amount,
        joined.margin_share
    from joined
    cross join fit
    left join valued on joined.customer_key = valued.customer_key
)

select * from final
