with

answers as (
    select * from {{ ref("int_survey_answers") }}
),

questions as (
    select * from {{ ref("int_survey_questions") }}
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

ratings as (
    select * from {{ ref("stg_zendesk__satisfaction_ratings") }}
),

texts as (
    select
        trim(answers.raw_value) as verbatim,
        lower(substr(responses.language_code, 1, 2)) as declared_language
    from answers
    inner join questions
        on answers.survey_key = questions.survey_key and answers.answer_field = questions.answer_field
    inner join responses on answers.response_key = responses.response_key
    where questions.construct = 'open_text' or questions.is_text_part
    union all
    select
        trim(comment) as verbatim,
        cast(null as varchar) as declared_language
    from ratings
),

-- The same words are read once, however many people wrote them.
final as (
    select
        {{ private_hash("verbatim") }} as text_hash,
        min(declared_language) as declared_language,
        {{ text_words("verbatim") }} as words
    from texts
    where verbatim <> ''
    group by verbatim
)

select * from final
