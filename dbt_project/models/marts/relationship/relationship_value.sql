with

relationship_values as (
    select * from {{ ref("int_relationship_values") }}
),

tiers as (
    select * from {{ ref("int_customer_tiers") }}
),

joined as (
    select
        relationship_values.*,
        tiers.value_tier,
        relationship_values.unavailable_reason is null as is_available,
        case
            when relationship_values.relationship_value_amount > 0 then relationship_values.relationship_value_amount
            else 0
        end as equity_amount
    from relationship_values
    left join tiers on relationship_values.customer_key = tiers.customer_key
),

final as (
    select
        customer_key,
        is_active,
        is_available,
        unavailable_reason,
        '{{ var("reporting_currency") }}' as currency,
        '{{ var("business_model") }}' as business_model,
        model_version,
        {{ var("clv_horizon_months") }} as horizon_months,
        {{ monthly_discount_rate(var("discount_rate_annual")) }} as discount_month,
        relationship_value_amount,
        relationship_value_infinite,
        value_tier,
        case when is_available then {{ safe_divide("equity_amount", "sum(equity_amount) over ()") }} end
            as equity_share,
        relationship_value_amount < 0 as is_negative_value,
        has_refund_above_sales,
        historic_margin_amount,
        retention_value_amount,
        retention_unavailable_reason,
        margin_per_month,
        n_margin_months,
        cost_coverage,
        retention_rate_month,
        {{ annual_retention_rate("retention_rate_month") }} as retention_rate_year,
        n_months_stayed,
        n_months_at_risk,
        bg_nbd_value_amount,
        bg_nbd_unavailable_reason,
        n_repeat_purchases,
        p_alive,
        expected_orders_12m,
        expected_order_amount,
        margin_share,
        {{ lineage_columns() | indent(8) }}
    from joined
)

select * from final
