with

gaps as (
    select * from {{ ref("int_gaps_averaged") }}
),

survey_scores as (
    select * from {{ ref("int_survey_scores_averaged") }}
),

final as (
    select
        attribute_code,
        customer_key,
        period_start,
        period_end,
        gap_score < -{{ var("gap_tolerance_points") }} as is_dissatisfied
    from gaps
    where period_grain = 'trailing_12m' and gap_score is not null and attribute_code <> 'overall'
    union all
    select
        'overall' as attribute_code,
        customer_key,
        period_start,
        period_end,
        top_box_share < 0.5 as is_dissatisfied
    from survey_scores
    where period_grain = 'trailing_12m' and metric_code = 'csat' and area = 'overall' and top_box_share is not null
)

select * from final
