{% set by = ["metric_code", "breakdown"] %}

with

moments as (
    select * from {{ ref("int_service_moments") }}
),

time_moments as (
    select *
    from moments
    where metric_code not like '%_rate'
),

share_moments as (
    select *
    from moments
    where metric_code like '%_rate'
),

time_estimates as (
    {{ metric_block("time_moments", interval="mean", by=by, low=0, high=1e9, weighting="response_equal") | indent(4) }}
),

share_estimates as (
    {{ metric_block(
        "share_moments", interval="share", by=by, low=0, high=1, whole=1, weighting="response_equal"
    ) | indent(4) }}
),

estimated as (
    select * from time_estimates
    union all
    select * from share_estimates
),

final as (
    select
        metric_code,
        breakdown,
        {{ segment_and_period() | indent(8) }},
        case
            when metric_code like '%_minutes' then 'minutes'
            when metric_code like '%_hours' then 'hours'
            else 'share'
        end as unit,
        median_value,
        p90_value,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from estimated
)

select * from final
