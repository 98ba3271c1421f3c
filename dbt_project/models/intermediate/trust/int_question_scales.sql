with

versions as (
    select * from {{ ref("stg_qualtrics__survey_versions") }}
),

question_map as (
    select * from {{ ref("question_map") }}
),

members as (
    select
        survey_id as survey_key,
        version_number,
        unnest({{ json_members("questions") }}) as question
    from versions
),

defined as (
    select
        survey_key,
        version_number,
        question.key as question_id,
        {{ json_typed(
            "question.value",
            '{"DataExportTag": "VARCHAR", "QuestionType": "VARCHAR", "Choices": "JSON", "Answers": "JSON",'
            ~ ' "RecodeValues": "JSON"}'
        ) }} as definition
    from members
),

-- Choices are the scale of a single question and the lines of a matrix, whose scale stands in Answers.
described as (
    select
        survey_key,
        version_number,
        question_id,
        definition.DataExportTag as question_tag,
        coalesce(definition.QuestionType, '')
        || '|' || coalesce(cast(definition.choices as varchar), '')
        || '|' || coalesce(cast(definition.answers as varchar), '')
        || '|' || coalesce(cast(definition.recodevalues as varchar), '') as scale_text
    from defined
),

mapped_questions as (
    select
        described.survey_key,
        described.question_id
    from described
    inner join question_map
        on
            described.survey_key = question_map.survey_key
            and question_map.scale_code is not null
            and (
                described.question_tag = question_map.question_tag
                or substr(question_map.question_tag, 1, length(described.question_tag) + 1)
                = described.question_tag || '_'
            )
    group by described.survey_key, described.question_id
),

compared as (
    select
        *,
        coalesce(lag(scale_text) over question_history <> scale_text, false) as is_scale_changed
    from described
    window question_history as (partition by survey_key, question_id order by version_number)
),

final as (
    select
        compared.survey_key,
        compared.version_number,
        compared.question_id,
        compared.question_tag,
        mapped_questions.question_id is not null as is_mapped,
        compared.is_scale_changed,
        1 + cast(sum(case when compared.is_scale_changed then 1 else 0 end) over (
            partition by compared.survey_key, compared.question_id
            order by compared.version_number
            rows between unbounded preceding and current row
        ) as integer) as scale_version
    from compared
    left join mapped_questions
        on
            compared.survey_key = mapped_questions.survey_key
            and compared.question_id = mapped_questions.question_id
)

select * from final
