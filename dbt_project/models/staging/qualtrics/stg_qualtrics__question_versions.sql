with

source as (
    select
        *,
        {{ json_members("questions") }} as question_members,
        dense_rank() over (partition by id order by _as_of_date) as night_number
    from {{ source("qualtrics", "survey_definitions") }}
    where _as_of_date <= {{ as_of_date() }}
),

nights as (
    select
        id,
        night_number,
        _as_of_date
    from source
    group by id, night_number, _as_of_date
),

questions as (
    select
        id,
        night_number,
        _as_of_date,
        unnest(question_members) as question
    from source
),

compared as (
    select
        id,
        night_number,
        _as_of_date,
        question.key as question_id,
        question.value as definition,
        coalesce(
            lag(question.value) over question_nights = question.value
            and lag(night_number) over question_nights = night_number - 1,
            false
        ) as is_as_before
    from questions
    window question_nights as (partition by id, question.key order by night_number)
),

numbered as (
    select
        *,
        count(case when not is_as_before then 1 end) over (
            partition by id, question_id
            order by night_number
        ) as version_number
    from compared
),

versions as (
    select
        id,
        question_id,
        version_number,
        min(_as_of_date) as seen_from,
        max(night_number) as last_night_number,
        {{ json_typed(
            "min(definition)",
            '{"QuestionText": "VARCHAR", "DataExportTag": "VARCHAR", "QuestionType": "VARCHAR", "Choices": "JSON"}'
        ) }} as definition
    from numbered
    group by id, question_id, version_number
),

renamed as (
    select
        versions.id as survey_id,
        versions.question_id,
        versions.version_number,

        versions.definition.DataExportTag as question_tag,
        versions.definition.QuestionText as question_text,
        versions.definition.QuestionType as question_type,
        versions.definition.choices,

        versions.seen_from,
        nights._as_of_date as seen_until
    from versions
    left join nights on versions.id = nights.id and versions.last_night_number + 1 = nights.night_number
)

select * from renamed
