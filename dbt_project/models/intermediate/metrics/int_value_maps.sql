{% set rival = "competitor_code, product_key, segment_key, period_grain, period_start" %}

with

comparisons as (
    select * from {{ ref("int_value_comparisons") }}
),

leads as (
    select
        *,
        weight * (performance_ratio - 1) as weighted_lead,
        row_number() over (
            partition by {{ rival }}
            order by weight * (performance_ratio - 1) desc nulls last, attribute_code
        ) as lead_rank
    from comparisons
),

summed as (
    select
        competitor_code,
        product_key,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        competitor_scope,
        competitor_source,
        cast(count(*) filter (where not is_price) as integer) as n_attributes_asked,
        cast(count(*) filter (where is_compared) as integer) as n_attributes_compared,
        {{ safe_divide("max(compared_importance)", "max(quality_importance)") }} as weight_coverage,
        {{ perceived_quality_ratio("weight", "performance_ratio") }} as mpq_ratio,
        max(case when is_price then own_score end) as own_price_score,
        max(case when is_price then competitor_score end) as competitor_price_score,
        max(case when is_price then price_index end) as price_index,
        max(case when lead_rank = 1 and weighted_lead > 0 then attribute_code end) as differentiator_top,
        max(case when lead_rank = 1 and weighted_lead > 0 then weighted_lead end) as differentiator_lead
    from leads
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
),

priced as (
    select
        *,
        {{ relative_price("price_index", "own_price_score", "competitor_price_score") }} as relative_price
    from summed
),

final as (
    select
        *,
        case
            when relative_price is null then null
            when price_index is not null then 'price_index'
            else 'price_score'
        end as relative_price_basis,
        {{ relative_value("mpq_ratio", "relative_price") }} as relative_value_ratio
    from priced
)

select * from final
