with

-- Every version of the definition, not the latest only: answers to a question that was since removed stay readable.
source as (
    select
        *,
        {{ json_members("questions") }} as question_members
    from {{ source("qualtrics", "survey_definitions") }}
    where _as_of_date <= {{ as_of_date() }}
),

questions as (
    select
        id,
        last_modified_at,
        _as_of_date,
        unnest(question_members) as question
    from source
),

versions as (
    select
        id,
        question.key as question_id,
        {{ json_typed(
            "question.value", '{"QuestionText": "VARCHAR", "DataExportTag": "VARCHAR", "QuestionType": "VARCHAR"}'
        ) }} as definition,
        row_number() over (
            partition by id, question.key
            order by last_modified_at desc nulls last, _as_of_date desc
        ) as version_rank
    from questions
),

renamed as (
    select
        id as survey_id,
        question_id,

        definition.DataExportTag as question_tag,
        definition.QuestionText as question_text,
        definition.QuestionType as question_type
    from versions
    where version_rank = 1
)

select * from renamed
