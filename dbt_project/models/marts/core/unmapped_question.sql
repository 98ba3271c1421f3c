with

questions as (
    select * from {{ ref("dim_question") }}
),

answers as (
    select * from {{ ref("fct_survey_answer") }}
),

surveys as (
    select * from {{ ref("stg_qualtrics__surveys") }}
),

final as (
    select
        questions.question_key,
        questions.survey_key,
        min(surveys.survey_name) as survey_name,
        questions.question_tag,
        questions.question_text,
        cast(count(answers.answer_key) as bigint) as n_answers,
        min(answers.submitted_at) as first_answered_at,
        max(answers.submitted_at) as last_answered_at,
        {{ lineage_columns() }}
    from questions
    left join answers on questions.question_key = answers.question_key
    left join surveys on questions.survey_key = surveys.survey_id
    where not questions.is_mapped
    group by questions.question_key, questions.survey_key, questions.question_tag, questions.question_text
)

select * from final
