with

maps as (
    select * from {{ ref("int_importance_performance") }}
),

best_competitors as (
    select * from {{ ref("int_best_competitors") }}
),

final as (
    select
        maps.attribute_code,
        maps.segment_key,
        maps.segment_type,
        maps.segment_value,
        maps.period_grain,
        maps.period_start,
        maps.period_end,
        maps.period_is_complete,
        maps.importance_stated,
        maps.importance_derived,
        maps.importance_derived_low,
        maps.importance_derived_high,
        maps.importance_derived_scope,
        maps.importance_basis,
        maps.importance_score,
        maps.importance_low,
        maps.importance_high,
        maps.performance_score,
        best_competitors.competitor_code as best_competitor_code,
        best_competitors.competitor_score,
        best_competitors.competitor_scope,
        maps.importance_crosshair,
        maps.performance_crosshair,
        {{ performance_quadrant(
            "maps.importance_score", "maps.performance_score", "maps.importance_crosshair", "maps.performance_crosshair"
        ) | indent(8) }} as quadrant,
        {{ diagonal_priority("maps.importance_score", "maps.performance_score") }} as diagonal_priority,
        {{ is_on("maps.importance_score", "maps.importance_crosshair") }}
        or {{ is_on("maps.performance_score", "maps.performance_crosshair") }} as is_on_crosshair,
        coalesce(maps.importance_crosshair between maps.importance_low and maps.importance_high, false)
        or coalesce(maps.performance_crosshair between maps.ci_low and maps.ci_high, false) as is_ambiguous,
        cast(maps.n_mapped as integer) as n_attributes,
        maps.n_importance,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() }}
    from maps
    left join best_competitors
        on
            maps.attribute_code = best_competitors.attribute_code
            and maps.segment_key = best_competitors.segment_key
            and maps.period_grain = best_competitors.period_grain
            and maps.period_start = best_competitors.period_start
)

select * from final
