with

relationship_values as (
    select * from {{ ref("int_relationship_values") }}
),

ranked as (
    select
        *,
        unavailable_reason is null as is_available,
        case when relationship_value_amount > 0 then relationship_value_amount else 0 end as equity_amount,
        ntile(10) over (
            partition by unavailable_reason
            order by relationship_value_amount desc, historic_margin_amount desc nulls last, customer_key asc
        ) as tenth
    from relationship_values
),

final as (
    select
        customer_key,
        is_active,
        is_available,
        unavailable_reason,
        '{{ var("reporting_currency") }}' as currency,
        margin_per_month,
        n_margin_months,
        cost_coverage,
        retention_rate_month,
        {{ annual_retention_rate("retention_rate_month") }} as retention_rate_year,
        n_months_stayed,
        n_months_at_risk,
        {{ monthly_discount_rate(var("discount_rate_annual")) }} as discount_month,
        {{ var("clv_horizon_months") }} as horizon_months,
        relationship_value_amount,
        relationship_value_infinite,
        historic_margin_amount,
        case when is_available then cast(tenth as integer) end as value_tier,
        case when is_available then {{ safe_divide("equity_amount", "sum(equity_amount) over ()") }} end
            as equity_share,
        'retention-1' as model_version,
        {{ lineage_columns() | indent(8) }}
    from ranked
)

select * from final
