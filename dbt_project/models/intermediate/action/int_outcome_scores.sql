{{ config(materialized="view") }}

-- What customers said about a subject, answer by answer, whatever the period: the outcomes initiatives are judged by.
with

metric_answers as (
    select * from {{ ref("int_metric_answers_unioned") }}
),

subjects as (
    select * from {{ ref("int_metric_subjects") }}
),

gaps as (
    select * from {{ ref("fct_value_gap") }}
    where gap_type = 'satisfaction' and customer_key is not null and gap_score is not null
),

answered as (
    select
        metric_answers.metric_code,
        subjects.subject_code,
        metric_answers.customer_key,
        metric_answers.respondent_key,
        metric_answers.response_key,
        metric_answers.submitted_at,
        metric_answers.area,
        metric_answers.score_pomp,
        100 * (metric_answers.top_box - metric_answers.bottom_box) as promoter_balance
    from metric_answers
    inner join subjects on metric_answers.metric_code = subjects.metric_code
    where
        metric_answers.metric_code in (
            'csat', 'csat_ticket', 'ces', 'nps', 'acsi', 'trust', 'feel_valued', 'repurchase_intent'
        )
),

unioned as (
    select
        metric_code,
        subject_code,
        customer_key,
        respondent_key,
        response_key,
        submitted_at,
        cast(case when metric_code = 'nps' then promoter_balance else score_pomp end as double) as score
    from answered
    union all
    select
        'recommendation' as metric_code,
        subject_code,
        customer_key,
        respondent_key,
        response_key,
        submitted_at,
        score_pomp as score
    from answered
    where metric_code = 'nps'
    union all
    select
        'satisfaction_gap' as metric_code,
        attribute_code as subject_code,
        customer_key,
        respondent_key,
        response_key,
        submitted_at,
        gap_score as score
    from gaps
    union all
    select
        'experience_of_attribute' as metric_code,
        attribute_code as subject_code,
        customer_key,
        respondent_key,
        response_key,
        submitted_at,
        delivered_score as score
    from gaps
)

select *
from unioned
where score is not null
