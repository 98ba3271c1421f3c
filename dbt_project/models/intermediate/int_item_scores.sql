{{ config(materialized="view") }}

with

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
),

questions as (
    select * from {{ ref("int_survey_questions") }}
),

tags as (
    select
        question_key,
        min(question_tag) as question_tag
    from questions
    where scale_code is not null
    group by 1
),

scored as (
    select
        response_key,
        question_key,
        survey_key,
        respondent_role,
        construct,
        metric_code,
        attribute_code,
        scale_code,
        is_reversed,
        cast(submitted_at as date) as submitted_date,
        {{ exact_avg("numeric_value") }} as raw_value,
        {{ exact_avg("score_pomp") }} as score
    from answers
    where is_scored
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
),

final as (
    select
        scored.*,
        tags.question_tag,
        {{ first_match("tags.question_tag", "[0-9]+$") }} as item_number
    from scored
    inner join tags on scored.question_key = tags.question_key
)

select * from final
