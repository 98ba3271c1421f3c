with

answers as (
    select * from {{ ref("int_survey_answers") }}
),

questions as (
    select * from {{ ref("stg_qualtrics__questions") }}
),

question_map as (
    select * from {{ ref("question_map") }}
),

answered_fields as (
    select survey_key, answer_field
    from answers
    group by survey_key, answer_field
),

defined_fields as (
    select survey_id as survey_key, question_id as answer_field
    from questions
),

fields as (
    select survey_key, answer_field from answered_fields
    union
    select survey_key, answer_field from defined_fields
),

-- QID3, the text behind it (QID3_TEXT), one line of a matrix (QID3_2), and either inside a loop (4_QID3).
parsed as (
    select
        survey_key,
        answer_field,
        {{ first_match("answer_field", "QID[0-9]+") }} as question_id,
        {{ first_match("answer_field", "^[0-9]+_") }} as loop_prefix,
        {{ text_after("answer_field", "QID[0-9]+_?") }} as part
    from fields
),

tagged as (
    select
        parsed.survey_key,
        parsed.answer_field,
        coalesce(parsed.loop_prefix, '') as loop_prefix,
        coalesce(questions.question_tag, parsed.question_id, parsed.answer_field)
        || case when parsed.part = '' or parsed.part like '%TEXT' then '' else '_' || parsed.part end as question_tag,
        questions.question_text,
        coalesce(parsed.part like '%TEXT', false) as is_text_part
    from parsed
    left join questions
        on parsed.survey_key = questions.survey_id and parsed.question_id = questions.question_id
),

final as (
    select
        {{ surrogate_key(["tagged.survey_key", "tagged.question_tag"]) }} as question_key,
        tagged.survey_key,
        tagged.answer_field,
        tagged.loop_prefix,
        tagged.is_text_part,
        tagged.question_tag,
        tagged.question_text,
        question_map.construct,
        question_map.metric_code,
        question_map.attribute_code,
        question_map.scale_code,
        coalesce(question_map.is_reversed, false) as is_reversed,
        question_map.purchase_phase,
        question_map.respondent_role,
        question_map.survey_key is not null as is_mapped
    from tagged
    left join question_map
        on tagged.survey_key = question_map.survey_key and tagged.question_tag = question_map.question_tag
)

select * from final
