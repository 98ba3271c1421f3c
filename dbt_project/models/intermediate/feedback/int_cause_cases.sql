with

tickets as (
    select * from {{ ref("int_tickets") }}
),

topics as (
    select * from {{ ref("ticket_topic") }}
),

mentions as (
    select * from {{ ref("int_feedback_theme_weights") }}
),

feedback as (
    select * from {{ ref("int_feedback") }}
),

cause_map as (
    select * from {{ ref("root_cause_map") }}
),

ticket_causes as (
    select
        tickets.ticket_id as case_id,
        tickets.customer_key,
        tickets.created_at as occurred_at,
        coalesce(cause_map.cause_code, 'unknown') as cause_code,
        coalesce(topics.theme_code, 'other') as theme_code
    from tickets
    left join topics on tickets.topic_code = topics.topic_code
    left join cause_map
        on tickets.topic_code = cause_map.evidence_code and cause_map.evidence = 'topic'
    where not tickets.is_deleted and not tickets.is_merged
),

-- What is said about a ticket belongs to its case; words that blame nobody are no case.
worded_causes as (
    select
        coalesce(feedback.ticket_id, feedback.feedback_id) as case_id,
        feedback.customer_key,
        feedback.submitted_at as occurred_at,
        coalesce(cause_map.cause_code, 'unknown') as cause_code,
        mentions.theme_code
    from mentions
    inner join feedback on mentions.feedback_id = feedback.feedback_id
    left join cause_map
        on mentions.theme_code = cause_map.evidence_code and cause_map.evidence = 'theme'
    where mentions.is_verbatim and mentions.sentiment in ('negative', 'mixed')
),

unioned as (
    select * from ticket_causes
    union all
    select * from worded_causes
),

-- A case is as old as its first word, and "unknown" only while nothing better is known of it.
known as (
    select
        case_id,
        cause_code,
        theme_code,
        min(customer_key) over (partition by case_id) as customer_key,
        min(occurred_at) over (partition by case_id) as occurred_at,
        max(case when cause_code <> 'unknown' then 1 else 0 end) over (partition by case_id) as is_known
    from unioned
),

causes as (
    select
        case_id,
        cause_code,
        min(customer_key) as customer_key,
        min(occurred_at) as occurred_at,
        min(theme_code) as theme_code
    from known
    where is_known = 0 or cause_code <> 'unknown'
    group by case_id, cause_code
),

final as (
    select
        case_id,
        cause_code,
        customer_key,
        occurred_at,
        theme_code,
        count(*) over (partition by case_id) as n_causes,
        cast({{ safe_divide(1, "count(*) over (partition by case_id)") }} as decimal(18, 9)) as cause_weight
    from causes
)

select * from final
