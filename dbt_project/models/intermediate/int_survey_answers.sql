with

responses as (
    select * from {{ ref("int_survey_responses") }}
),

file_answers as (
    select * from {{ ref("stg_files__survey_answers") }}
),

members as (
    select
        response_key,
        survey_key,
        unnest({{ json_members("answers") }}) as member
    from responses
),

-- The other members are about the response, not answers. An empty value is a question left out.
fields as (
    select
        response_key,
        survey_key,
        member.key as answer_field,
        member.value as field_value
    from members
    where member.key like '%QID%' and trim(member.value) <> ''
),

-- In a file every column that is mapped is a question, whatever it is called.
answered as (
    select
        response_key,
        survey_key,
        answer_field,
        field_value
    from fields
    union all
    select
        responses.response_key,
        responses.survey_key,
        file_answers.question as answer_field,
        file_answers.answer as field_value
    from file_answers
    inner join responses
        on
            responses.source_system = 'files'
            and file_answers.survey_id = responses.survey_key and file_answers.response_id = responses.response_id
    where trim(file_answers.answer) <> ''
),

-- A question with several choices allowed answers with a list of codes: one row per selected option.
options as (
    select
        response_key,
        survey_key,
        answer_field,
        field_value like '[%' and answer_field not like '%TEXT' and {{ is_json("field_value") }} as is_list,
        field_value
    from answered
),

selected as (
    select
        response_key,
        survey_key,
        answer_field,
        unnest({{ json_typed("field_value", '["VARCHAR"]') }}) as raw_value,
        true as is_list
    from options
    where is_list
    union all
    select
        response_key,
        survey_key,
        answer_field,
        field_value as raw_value,
        false as is_list
    from options
    where not is_list
),

final as (
    select
        response_key,
        survey_key,
        answer_field,
        case when is_list then raw_value else 'value' end as option_code,
        raw_value
    from selected
)

select * from final
