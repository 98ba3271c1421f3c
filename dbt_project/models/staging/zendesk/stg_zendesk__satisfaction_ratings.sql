with

legacy_ratings as (
    {{ latest_version(source("zendesk", "satisfaction_ratings"), version="updated_at") }}
),

survey_responses as (
    {{ latest_version(source("zendesk", "csat_responses")) }}
),

answers as (
    select
        id,
        responder_id,
        {{ first_match("subjects", "zen:ticket:[0-9]+") }} as ticket_name,
        {{ explode_outer(
            json_typed(
                "answers",
                '[{"type": "VARCHAR", "rating": "INTEGER", "rating_category": "VARCHAR", "value": "VARCHAR",'
                ~ ' "updated_at": "TIMESTAMP", "question": {"sub_type": "VARCHAR", "alias": "VARCHAR"}}]'
            )
        ) }} as answer
    from survey_responses
),

answered as (
    select
        id,
        responder_id,
        ticket_name,
        case when answer.question.sub_type = 'customer_satisfaction' then answer.rating end as rating,
        case when answer.question.sub_type = 'customer_satisfaction' then answer.rating_category end as score,
        case when answer.question.sub_type = 'customer_satisfaction' then answer.updated_at end as rated_at,
        case when answer.question.alias = 'comment' then answer.value end as comment,
        case when answer.type = 'open_ended' then answer.value end as other_text
    from answers
),

surveyed as (
    select
        id,
        substr(max(ticket_name), length('zen:ticket:') + 1) as ticket_id,
        max(responder_id) as requester_id,
        max(score) as score,
        max(rating) as rating,
        coalesce(max(comment), max(other_text)) as comment,
        max(rated_at) as rated_at
    from answered
    group by id
),

unioned as (
    select
        'legacy:' || id as rating_id,
        ticket_id,
        requester_id,
        score,
        cast(null as integer) as rating,
        comment,
        reason,
        case when score not in ('offered', 'unoffered') then updated_at end as rated_at,
        true as is_legacy
    from legacy_ratings

    union all

    select
        'survey:' || id as rating_id,
        ticket_id,
        requester_id,
        coalesce(score, 'offered') as score,
        rating,
        comment,
        cast(null as varchar) as reason,
        rated_at,
        false as is_legacy
    from surveyed
),

final as (
    select
        rating_id,
        ticket_id,
        requester_id,

        score,
        rating,
        comment,
        reason,

        score not in ('offered', 'unoffered') as is_answered,
        is_legacy,

        rated_at
    from unioned
)

select * from final
