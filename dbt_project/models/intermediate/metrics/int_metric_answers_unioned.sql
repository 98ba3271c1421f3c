{{ config(materialized="view") }}

with

answers as (
    select * from {{ ref("fct_survey_answer") }}
),

attributes as (
    select * from {{ ref("dim_attribute") }}
),

weights as (
    select
        response_key,
        weight_nonresponse
    from {{ ref("fct_survey_response") }}
),

scales as (
    select * from {{ ref("dim_scale") }}
),

indexed_responses as (
    select * from {{ ref("int_satisfaction_responses_indexed") }}
),

single_answers as (
    select
        answers.customer_key,
        answers.respondent_key,
        answers.response_key,
        answers.submitted_at,
        -- CES 2.0 asks on seven points how easy it was, CES 1.0 on five how hard: two series, never one.
        case
            when answers.metric_code = 'ces' and scales.points <> 7 then 'ces_1'
            else coalesce(answers.metric_code, answers.construct)
        end as metric_code,
        answers.scale_code || ':' || answers.scale_version as scale_key,
        coalesce(attributes.area, 'overall') as area,
        answers.score_pomp,
        case when answers.is_top_box then 1 when not answers.is_top_box then 0 end as top_box,
        case when answers.is_bottom_box then 1 when not answers.is_bottom_box then 0 end as bottom_box
    from answers
    left join attributes on answers.attribute_code = attributes.attribute_code
    left join scales on answers.scale_code = scales.scale_code
    where
        answers.is_scored
        and answers.respondent_role = 'customer'
        and (answers.metric_code <> 'acsi' or answers.construct = 'experience')
),

-- The index needs all three items of a response, so it enters as one answer.
index_answers as (
    select
        customer_key,
        respondent_key,
        response_key,
        submitted_at,
        'acsi' as metric_code,
        scale_key,
        'overall' as area,
        satisfaction_index as score_pomp,
        cast(null as integer) as top_box,
        cast(null as integer) as bottom_box
    from indexed_responses
),

unioned as (
    select * from single_answers
    union all
    select * from index_answers
),

final as (
    select
        unioned.*,
        weights.weight_nonresponse
    from unioned
    left join weights on unioned.response_key = weights.response_key
    where unioned.customer_key is not null
)

select * from final
