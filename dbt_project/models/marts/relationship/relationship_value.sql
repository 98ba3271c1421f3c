with

relationship_values as (
    select * from {{ ref("int_relationship_values") }}
),

shared as (
    select
        *,
        case when relationship_value_amount > 0 then relationship_value_amount else 0 end as equity_amount
    from relationship_values
),

final as (
    select
        customer_key,
        is_active,
        unavailable_reason is null as is_available,
        unavailable_reason,
        '{{ var("reporting_currency") }}' as currency,
        margin_per_month,
        n_margin_months,
        cost_coverage,
        retention_rate_month,
        n_months_stayed,
        n_months_at_risk,
        {{ monthly_discount_rate(var("discount_rate_annual")) }} as discount_month,
        {{ var("clv_horizon_months") }} as horizon_months,
        relationship_value_amount,
        relationship_value_infinite,
        historic_margin_amount,
        case
            when unavailable_reason is null
                then cast(ntile(10) over (
                    partition by unavailable_reason
                    order by relationship_value_amount desc, historic_margin_amount desc nulls last, customer_key
                ) as integer)
        end as value_tier,
        case
            when unavailable_reason is null then {{ safe_divide("equity_amount", "sum(equity_amount) over ()") }}
        end as equity_share,
        'retention-1' as model_version,
        {{ lineage_columns() | indent(8) }}
    from shared
)

select * from final
