{{ config(materialized="view") }}

with

answers as (
    select * from {{ ref("int_survey_answers") }}
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

questions as (
    select * from {{ ref("int_survey_questions") }}
),

scales as (
    select * from {{ ref("scale") }}
),

question_scales as (
    select * from {{ ref("int_question_scales") }}
),

-- Free text is never read as a number: it may be a phone number. So may a column of a file that nobody mapped.
typed as (
    select
        answers.response_key,
        questions.question_key,
        questions.question_id,
        questions.loop_prefix
        || case when questions.is_text_part then 'text' else answers.option_code end as option_key,
        answers.survey_key,
        questions.purchase_phase,
        questions.respondent_role,
        questions.construct,
        questions.metric_code,
        questions.attribute_code,
        questions.scale_code,
        questions.is_reversed,
        questions.is_mapped,
        answers.raw_value,
        case
            when
                not questions.is_text_part and coalesce(questions.construct, '') <> 'open_text'
                and (questions.is_mapped or answers.answer_field like '%QID%')
                then cast(try_cast(answers.raw_value as decimal(18, 6)) as double)
        end as numeric_value,
        case when not questions.is_text_part then scales.scale_min end as scale_min,
        case when not questions.is_text_part then scales.scale_max end as scale_max,
        scales.top_box_from,
        scales.bottom_box_to
    from answers
    inner join questions
        on answers.survey_key = questions.survey_key and answers.answer_field = questions.answer_field
    left join scales on questions.scale_code = scales.scale_code
),

judged as (
    select
        *,
        case
            when scale_min is null then null
            when numeric_value is null then 'not_a_number'
            when numeric_value not between scale_min and scale_max then 'outside_scale'
        end as rejection_reason,
        case when is_reversed then scale_min + scale_max - numeric_value else numeric_value end as favourable_value
    from typed
),

decided as (
    select
        judged.*,
        responses.customer_key,
        responses.contact_key,
        responses.respondent_key,
        responses.submitted_at,
        responses.order_number,
        responses.ticket_id,
        coalesce(question_scales.scale_version, 1) as scale_version,
        responses.is_kept and judged.scale_min is not null and judged.rejection_reason is null as is_scored
    from judged
    inner join responses on judged.response_key = responses.response_key
    left join question_scales
        on
            judged.survey_key = question_scales.survey_key and judged.question_id = question_scales.question_id
            and responses.definition_version = question_scales.version_number
),

final as (
    select
        {{ surrogate_key(["response_key", "question_key", "option_key"]) }} as answer_key,
        response_key,
        question_key,
        option_key,
        survey_key,
        customer_key,
        contact_key,
        respondent_key,
        submitted_at,
        purchase_phase,
        respondent_role,
        construct,
        metric_code,
        attribute_code,
        scale_code,
        scale_version,
        scale_version > 1 as is_scale_break,
        is_reversed,
        case when numeric_value is not null then raw_value end as raw_value,
        numeric_value,
        case when is_scored then {{ pomp("numeric_value", "scale_min", "scale_max", "is_reversed") }} end as score_pomp,
        case when is_scored then favourable_value >= top_box_from end as is_top_box,
        case when is_scored then favourable_value <= bottom_box_to end as is_bottom_box,
        rejection_reason is not null as is_rejected,
        rejection_reason,
        is_scored,
        is_mapped,
        case when numeric_value is null then {{ private_hash("trim(raw_value)") }} end as text_hash,
        order_number,
        ticket_id
    from decided
)

select * from final
