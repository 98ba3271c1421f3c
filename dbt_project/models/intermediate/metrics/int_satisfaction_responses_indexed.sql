with

answers as (
    select * from {{ ref("fct_survey_answer") }}
),

responses as (
    select
        response_key,
        customer_key,
        respondent_key,
        submitted_at,
        min(scale_code || ':' || scale_version) as scale_key,
        {{ exact_avg("case when construct = 'overall_satisfaction' then score_pomp end") }} as overall_score,
        {{ exact_avg("case when construct = 'disconfirmation' then score_pomp end") }} as disconfirmation_score,
        {{ exact_avg("case when construct = 'ideal' then score_pomp end") }} as ideal_score
    from answers
    where
        is_scored
        and respondent_role = 'customer'
        and metric_code = 'acsi'
    group by 1, 2, 3, 4
),

indexed as (
    select
        *,
        {{ satisfaction_index("overall_score", "disconfirmation_score", "ideal_score") }} as satisfaction_index
    from responses
)

select *
from indexed
where satisfaction_index is not null
