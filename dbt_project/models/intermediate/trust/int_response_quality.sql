with

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

scales as (
    select * from {{ ref("scale") }}
),

-- Styles of answering show in the answer as it was given, before anything is turned round.
placed as (
    select
        answers.*,
        coalesce(scales.kind = 'ordinal' and not answers.is_rejected, false) as is_graded,
        scales.scale_min,
        scales.scale_max
    from answers
    left join scales on answers.scale_code = scales.scale_code
),

counted as (
    select
        response_key,
        count(*) as n_answers,
        count(distinct question_key) as n_questions,
        count(case when is_rejected then 1 end) as n_rejected,
        count(case when is_graded then 1 end) as n_graded,
        count(case when is_graded and 2 * numeric_value > scale_min + scale_max then 1 end) as n_agreeing,
        count(case when is_graded and numeric_value in (scale_min, scale_max) then 1 end) as n_extreme
    from placed
    group by response_key
),

-- One code on all answers of a block: eight of one scale are a matrix, however it is laid out.
straight as (
    select response_key
    from (
        select response_key, scale_code
        from placed
        where is_graded
        group by response_key, scale_code
        having count(*) >= 8 and min(numeric_value) = max(numeric_value)
    ) as blocks
    group by response_key
),

paced as (
    select
        responses.response_key,
        responses.survey_key,
        responses.is_kept,
        {{ safe_divide("responses.duration_seconds", "counted.n_questions") }} as seconds_a_question
    from responses
    inner join counted on responses.response_key = counted.response_key
),

usual_pace as (
    select survey_key, median(seconds_a_question) as median_seconds_a_question
    from paced
    where is_kept
    group by survey_key
),

final as (
    select
        responses.response_key,
        coalesce(counted.n_answers, 0) as n_answers,
        coalesce(counted.n_rejected, 0) as n_rejected,
        coalesce(counted.n_graded, 0) as n_graded,
        coalesce(counted.n_agreeing, 0) as n_agreeing,
        coalesce(counted.n_extreme, 0) as n_extreme,
        straight.response_key is not null as is_straightliner,
        coalesce(3 * paced.seconds_a_question < usual_pace.median_seconds_a_question, false) as is_speeder,
        paced.seconds_a_question
    from responses
    left join counted on responses.response_key = counted.response_key
    left join straight on responses.response_key = straight.response_key
    left join paced on responses.response_key = paced.response_key
    left join usual_pace on responses.survey_key = usual_pace.survey_key
)

select * from final
