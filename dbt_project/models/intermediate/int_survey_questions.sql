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

scales as (
    select * from {{ ref("scale") }}
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
        parsed.question_id,
        coalesce(parsed.loop_prefix, '') as loop_prefix,
        coalesce(questions.question_tag, parsed.question_id, parsed.answer_field)
        || case when parsed.part = '' or parsed.part like '%TEXT' then '' else '_' || parsed.part end as question_tag,
        questions.question_text,
        coalesce(parsed.part like '%TEXT', false) as is_text_part
    from parsed
    left join questions
        on parsed.survey_key = questions.survey_id and parsed.question_id = questions.question_id
),

judged as (
    select
        tagged.*,
        question_map.construct,
        question_map.metric_code,
        question_map.attribute_code,
        question_map.scale_code,
        question_map.is_reversed,
        question_map.purchase_phase,
        question_map.respondent_role,
        question_map.survey_key is not null as is_mapped,
        case
            when
                question_map.metric_code = 'nps'
                and not coalesce(scales.scale_min = 0 and scales.scale_max = 10, false)
                then 'nps_is_not_0_to_10'
        end as mapping_problem
    from tagged
    left join question_map
        on tagged.survey_key = question_map.survey_key and tagged.question_tag = question_map.question_tag
    left join scales on question_map.scale_code = scales.scale_code
),

-- A question wrongly declared keeps its answers and its scale, and enters no metric until its row is mended.
final as (
    select
        {{ surrogate_key(["survey_key", "question_tag"]) }} as question_key,
        survey_key,
        answer_field,
        question_id,
        loop_prefix,
        is_text_part,
        question_tag,
        question_text,
        construct,
        case when mapping_problem is null then metric_code end as metric_code,
        attribute_code,
        scale_code,
        coalesce(is_reversed, false) as is_reversed,
        purchase_phase,
        respondent_role,
        is_mapped,
        mapping_problem
    from judged
)

select * from final
