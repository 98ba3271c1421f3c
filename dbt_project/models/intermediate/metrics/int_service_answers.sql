{#- What a customer said after a service, beside how long it took: of the same ticket, or in general some time later. #}
{{ config(materialized="view") }}

with

tickets as (
    select * from {{ ref("int_tickets") }}
    where not is_deleted and not is_merged
),

ratings as (
    select * from {{ ref("int_ticket_ratings") }}
    where score_pomp is not null
),

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
    where is_scored and metric_code = 'csat' and respondent_role = 'customer' and customer_key is not null
),

services as (
    select
        ticket_id,
        customer_key,
        coalesce(topic_code, 'unknown') || '|' || coalesce(priority, 'unknown') as ticket_kind,
        'first_reply_business_minutes' as metric_code,
        first_reply_at as served_at,
        cast(our_first_reply_business_minutes as double) as service_time
    from tickets
    where our_first_reply_business_minutes is not null
    union all
    select
        ticket_id,
        customer_key,
        coalesce(topic_code, 'unknown') || '|' || coalesce(priority, 'unknown') as ticket_kind,
        'resolution_business_hours' as metric_code,
        first_resolved_at as served_at,
        cast(our_first_resolution_business_minutes as double) / 60 as service_time
    from tickets
    where our_first_resolution_business_minutes is not null
),

rated as (
    select distinct
        ratings.rating_id,
        ratings.ticket_id,
        ratings.rated_at,
        ratings.score_pomp
    from ratings
),

said as (
    select
        services.metric_code,
        'same_ticket' as lag_band,
        services.ticket_id,
        services.customer_key,
        services.ticket_kind,
        services.service_time,
        rated.rating_id as answer_id,
        rated.rated_at as answered_at,
        rated.score_pomp as score
    from services
    inner join rated on services.ticket_id = rated.ticket_id and services.served_at <= rated.rated_at
    union all
    select
        services.metric_code,
        case
            when answers.submitted_at < {{ seconds_after("services.served_at", 30 * 86400) }} then 'within_30_days'
            else 'within_31_to_90_days'
        end as lag_band,
        services.ticket_id,
        services.customer_key,
        services.ticket_kind,
        services.service_time,
        answers.answer_key as answer_id,
        answers.submitted_at as answered_at,
        answers.score_pomp as score
    from services
    inner join answers
        on
            services.customer_key = answers.customer_key
            and services.served_at <= answers.submitted_at
            and answers.submitted_at < {{ seconds_after("services.served_at", 90 * 86400) }}
)

select *
from said
where
    answered_at < {{ as_of_until() }}
    and cast(answered_at as date) > {{ months_after(as_of_date(), -12) }}
