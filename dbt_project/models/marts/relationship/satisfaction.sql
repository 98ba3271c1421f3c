{% set shares = "('csat', 'csat_ticket')" %}

with

customer_scores as (
    select * from {{ ref("int_survey_scores_averaged") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

reliability as (
    select * from {{ ref("int_satisfaction_reliability") }}
),

headlines as (
    select
        *,
        case when metric_code in {{ shares }} then 100 * top_box_share else score end as headline_score
    from customer_scores
    where metric_code in ('csat', 'csat_ticket', 'ces', 'ces_1', 'acsi', 'experience')
),

segment_moments as (
    select
        headlines.metric_code,
        headlines.area,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        headlines.period_grain,
        headlines.period_start,
        headlines.period_end,
        headlines.period_is_complete,
        {{ score_moments("headline_score") }},
        {{ weighted_mean("headline_score", "weight_nonresponse") }} as nonresponse_weighted,
        min(headlines.first_scale_key) as first_scale_key,
        max(headlines.last_scale_key) as last_scale_key,
        {{ exact_avg("headlines.score") }} as mean_score,
        100 * {{ exact_avg("headlines.top_box_share") }} as top_box_pct
    from headlines
    inner join segments on headlines.customer_key = segments.customer_key
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

share_moments as (
    select *
    from segment_moments
    where metric_code in {{ shares }}
),

mean_moments as (
    select *
    from segment_moments
    where metric_code not in {{ shares }}
),

share_estimates as (
    {{ metric_block("share_moments", interval="share", by=["metric_code", "area"]) | indent(4) }}
),

mean_estimates as (
    {{ metric_block("mean_moments", interval="mean", by=["metric_code", "area"]) | indent(4) }}
),

estimated as (
    select * from share_estimates
    union all
    select * from mean_estimates
),

final as (
    select
        estimated.metric_code,
        estimated.area,
        estimated.segment_key,
        estimated.segment_type,
        estimated.segment_value,
        estimated.period_grain,
        estimated.period_start,
        estimated.period_end,
        estimated.period_is_complete,
        case when estimated.metric_code in {{ shares }} then estimated.top_box_pct end as csat_top_box_pct,
        case when estimated.metric_code in {{ shares }} then estimated.mean_score end as csat_mean_score,
        case when estimated.metric_code in ('ces', 'ces_1') then estimated.mean_score end as ces_score,
        case when estimated.metric_code in ('ces', 'ces_1') then estimated.top_box_pct end as ces_top_box_pct,
        case when estimated.metric_code = 'acsi' then estimated.mean_score end as satisfaction_index,
        case when estimated.metric_code = 'acsi' then reliability.cronbach_alpha end as cronbach_alpha,
        case when estimated.metric_code = 'experience' then estimated.mean_score end as experience_score,
        case when estimated.metric_code in {{ shares }} then {{ clip("estimated.nonresponse_weighted", 0, 100) }} end
            as csat_nonresponse_weighted,
        coalesce(
            estimated.first_scale_key <> estimated.last_scale_key
            or estimated.first_scale_key <> lag(estimated.last_scale_key) over (
                partition by estimated.metric_code, estimated.area, estimated.segment_key, estimated.period_grain
                order by estimated.period_start
            ),
            false
        ) as is_scale_break,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from estimated
    left join reliability
        on
            estimated.segment_key = reliability.segment_key
            and estimated.period_grain = reliability.period_grain
            and estimated.period_start = reliability.period_start
)

select * from final
