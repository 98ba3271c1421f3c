{% set map = "segment_key, period_grain, period_start" %}

with

maps as (
    select * from {{ ref("importance_performance") }}
    where performance_score is not null and performance_crosshair is not null
),

-- The competitor's map has a crosshair of its own, over the attributes it has a score for.
compared as (
    select
        *,
        count(competitor_score) over (partition by {{ map }}) as n_compared
    from maps
),

competitor_crosshairs as (
    select
        segment_key,
        period_grain,
        period_start,
        {{ crosshair("competitor_score") }} as competitor_crosshair
    from compared
    where n_compared >= 3 and competitor_score is not null
    group by 1, 2, 3
),

judged as (
    select
        compared.*,
        competitor_crosshairs.competitor_crosshair,
        case
            when competitor_crosshairs.competitor_crosshair is not null and compared.competitor_score is not null
                then 'competitor'
            else 'own_only'
        end as swot_basis,
        {{ is_high("compared.performance_score", "compared.performance_crosshair") }} as is_own_high,
        {{ is_high("compared.competitor_score", "competitor_crosshairs.competitor_crosshair") }} as is_competitor_high
    from compared
    left join competitor_crosshairs
        on
            compared.segment_key = competitor_crosshairs.segment_key
            and compared.period_grain = competitor_crosshairs.period_grain
            and compared.period_start = competitor_crosshairs.period_start
),

classed as (
    select
        *,
        case
            when swot_basis = 'competitor' then {{ swot_class("is_own_high", "is_competitor_high") | indent(12) }}
            else {{ swot_class("is_own_high", "null") | indent(12) }}
        end as class,
        importance_score / 100 * abs(
            performance_score - case swot_basis when 'competitor' then competitor_score else performance_crosshair end
        ) as score
    from judged
),

final as (
    select
        attribute_code,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        class,
        swot_basis,
        score,
        case
            when score is not null
                then
                    cast(
                        row_number() over (
                            partition by {{ map }} order by score desc nulls last, attribute_code
                        ) as integer
                    )
        end as rank,
        importance_score,
        importance_basis,
        performance_score as own_score,
        performance_crosshair as own_crosshair,
        best_competitor_code,
        competitor_score as best_competitor_score,
        competitor_crosshair,
        performance_score - competitor_score as gap_vs_competitor,
        coalesce(performance_crosshair between ci_low and ci_high, false) as is_ambiguous,
        n_responses,
        n_customers,
        is_reportable,
        reliability,
        {{ lineage_columns() }}
    from classed
)

select * from final
