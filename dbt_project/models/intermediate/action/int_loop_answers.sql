-- What opens a case, and what says later whether it helped: each response to a question that can open one, bad or not.
-- A response about several attributes counts with its largest shortfall.
with

answers as (
    select * from {{ ref("fct_survey_answer") }}
    where is_scored and metric_code in ('nps', 'csat', 'csat_ticket')
),

gaps as (
    select * from {{ ref("fct_value_gap") }}
    where gap_type = 'satisfaction' and gap_score is not null
),

unioned as (
    select
        case metric_code when 'nps' then 'nps_detractor' else 'csat_bad' end as trigger_code,
        customer_key,
        response_key,
        submitted_at,
        score_pomp as score,
        is_bottom_box as is_bad
    from answers
    where is_bottom_box is not null
    union all
    select
        'gap_shortfall' as trigger_code,
        customer_key,
        response_key,
        submitted_at,
        min(gap_score) as score,
        min(gap_score) <= -{{ var("closed_loop_shortfall_points") }} as is_bad
    from gaps
    group by customer_key, response_key, submitted_at
),

final as (
    select
        trigger_code,
        customer_key,
        response_key,
        submitted_at,
        min(score) as score,
        bool_or(is_bad) as is_bad
    from unioned
    group by trigger_code, customer_key, response_key, submitted_at
)

select * from final
