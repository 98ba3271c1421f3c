-- Importance and performance of each attribute, as a segment's customers see them, and where both axes are cut.
{% set map = ["segment_key", "period_grain", "period_start"] %}

with

customer_scores as (
    select *
    from {{ ref("int_attribute_scores_averaged") }}
    where product_key = 'all' and attribute_code <> 'overall'
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

weights as (
    select *
    from {{ source("analytics", "driver_weight") }}
    where outcome_code = 'csat' and johnson_share is not null
),

segment_moments as (
    select
        customer_scores.attribute_code,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customer_scores.period_grain,
        customer_scores.period_start,
        customer_scores.period_end,
        customer_scores.period_is_complete,
        {{ score_moments("customer_scores.own_score") }},
        count(customer_scores.importance_score) as n_importance,
        {{ exact_avg("customer_scores.importance_score") }} as importance_stated,
        {{ exact_standard_error("customer_scores.importance_score") }} as importance_se
    from customer_scores
    inner join segments on customer_scores.customer_key = segments.customer_key
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

estimated as (
    {{ metric_block("segment_moments", interval="mean", by=["attribute_code"]) | indent(4) }}
),

importance_t as (
    {{ t_quantiles("segment_moments", "n_importance - 1") | indent(4) }}
),

weighed_segments as (
    select distinct segment_key
    from weights
),

-- Weights rest on the last twelve months. A segment without its own borrows those of all customers, all or nothing.
derived as (
    select
        estimated.*,
        weights.johnson_share as importance_derived,
        weights.johnson_low as importance_derived_low,
        weights.johnson_high as importance_derived_high,
        case
            when weights.johnson_share is null then null
            when weighed_segments.segment_key is null then 'all'
            else 'segment'
        end as importance_derived_scope,
        importance_t.t_quantile as importance_t
    from estimated
    left join importance_t on estimated.n_importance - 1 = importance_t.degrees_of_freedom
    left join weighed_segments on estimated.segment_key = weighed_segments.segment_key
    left join weights
        on
            weights.segment_key = coalesce(weighed_segments.segment_key, 'all:all')
            and estimated.attribute_code = weights.attribute_code
            and estimated.period_grain = 'trailing_12m'
),

scaled as (
    select
        *,
        100 * {{ safe_divide("importance_derived", "max(importance_derived) over map") }} as derived_score,
        100 * {{ safe_divide("importance_derived_low", "max(importance_derived) over map") }} as derived_score_low,
        100 * {{ safe_divide("importance_derived_high", "max(importance_derived) over map") }} as derived_score_high
    from derived
    window map as (partition by {{ map | join(", ") }})
),

-- Which importance is meant: one kind a map, and the stated one where no weights are known.
based as (
    select
        *,
        {% if var("ipa_importance") == "derived" -%}
        case when count(derived_score) over (partition by {{ map | join(", ") }}) > 0 then 'derived' else 'stated' end
        {%- else -%}
        'stated'
        {%- endif %} as importance_basis
    from scaled
),

chosen as (
    select
        *,
        estimate as performance_score,
        case importance_basis when 'derived' then derived_score else importance_stated end as importance_score,
        case importance_basis
            when 'derived' then derived_score_low
            else {{ mean_low("importance_stated", "importance_se", "importance_t", 0, 100) }}
        end as importance_low,
        case importance_basis
            when 'derived' then derived_score_high
            else {{ mean_high("importance_stated", "importance_se", "importance_t", 0, 100) }}
        end as importance_high
    from based
),

crosshairs as (
    select
        {{ map | join(", ") }},
        count(*) as n_mapped,
        {{ crosshair("importance_score") }} as importance_crosshair,
        {{ crosshair("performance_score") }} as performance_crosshair
    from chosen
    where importance_score is not null and performance_score is not null
    group by {{ map | join(", ") }}
),

final as (
    select
        chosen.*,
        coalesce(crosshairs.n_mapped, 0) as n_mapped,
        case when crosshairs.n_mapped >= 3 then crosshairs.importance_crosshair end as importance_crosshair,
        case when crosshairs.n_mapped >= 3 then crosshairs.performance_crosshair end as performance_crosshair
    from chosen
    left join crosshairs
        on
            chosen.segment_key = crosshairs.segment_key
            and chosen.period_grain = crosshairs.period_grain
            and chosen.period_start = crosshairs.period_start
)

select * from final
