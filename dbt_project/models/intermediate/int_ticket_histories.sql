with

ticket_events as (
    select * from {{ ref("stg_zendesk__ticket_events") }}
),

users as (
    select * from {{ ref("stg_zendesk__users") }}
),

known_events as (
    select
        ticket_events.*,
        coalesce(not users.is_end_user, false) as is_by_agent
    from ticket_events
    left join users on coalesce(ticket_events.author_id, ticket_events.updater_id) = users.user_id
    where ticket_events.occurred_at < {{ as_of_until() }}
),

final as (
    select
        ticket_id,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        min(case when status = 'solved' then occurred_at end) as first_resolved_at,
        min(case when is_by_agent and is_public and event_type = 'Comment' then occurred_at end) as first_reply_at,
        cast(count(distinct event_id) as bigint) as n_events,
        cast(count(case when is_by_agent and is_public and event_type = 'Comment' then 1 end) as bigint)
            as n_agent_replies,
        cast(count(case when not is_by_agent and event_type = 'Comment' then 1 end) as bigint) as n_customer_replies,
        cast(count(case when status = 'solved' then 1 end) as bigint) as n_resolutions
    from known_events
    group by ticket_id
)

select * from final
