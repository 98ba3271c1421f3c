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
        coalesce(ticket_events.author_id, ticket_events.updater_id) as actor_id,
        coalesce(not users.is_end_user, false) as is_by_agent,
        min(case when ticket_events.status = 'solved' then ticket_events.occurred_at end) over (
            partition by ticket_events.ticket_id
        ) as first_resolved_at
    from ticket_events
    left join users on coalesce(ticket_events.author_id, ticket_events.updater_id) = users.user_id
    where ticket_events.occurred_at < {{ as_of_until() }}
),

-- Of several events in one second the lowest id came first; ids grow in length.
ordered as (
    select
        *,
        row_number() over (
            partition by ticket_id, status = 'solved', is_by_agent
            order by occurred_at, length(event_id), event_id, actor_id
        ) as solution_number,
        row_number() over (
            partition by ticket_id, is_by_agent and is_public and event_type = 'Comment'
            order by occurred_at, length(event_id), event_id, actor_id
        ) as reply_number
    from known_events
),

assignments as (
    select
        ticket_id,
        assignee_id,
        lag(assignee_id) over (
            partition by ticket_id order by occurred_at, length(event_id), event_id, assignee_id
        ) as assignee_before
    from known_events
    where assignee_id is not null
),

stations as (
    select
        ticket_id,
        cast(count(*) as bigint) as n_assignments
    from assignments
    where assignee_before is null or assignee_before <> assignee_id
    group by ticket_id
),

histories as (
    select
        ticket_id,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        min(first_resolved_at) as first_resolved_at,
        max(case when status = 'solved' then occurred_at end) as last_resolved_at,
        min(case when is_by_agent and is_public and event_type = 'Comment' then occurred_at end) as first_reply_at,
        min(
            case
                when is_by_agent and is_public and event_type = 'Comment' and reply_number = 1 then actor_id
            end
        ) as first_replier_id,
        min(
            case
                when status = 'solved' and is_by_agent and solution_number = 1 and occurred_at = first_resolved_at
                    then actor_id
            end
        ) as resolver_id,
        cast(count(distinct event_id) as bigint) as n_events,
        cast(count(case when is_by_agent and is_public and event_type = 'Comment' then 1 end) as bigint)
            as n_agent_replies,
        cast(count(case when not is_by_agent and event_type = 'Comment' then 1 end) as bigint) as n_customer_replies,
        cast(
            count(
                case when not is_by_agent and event_type = 'Comment' and occurred_at <= first_resolved_at then 1 end
            ) as bigint
        ) as n_customer_replies_before_resolution,
        cast(count(case when status = 'solved' then 1 end) as bigint) as n_resolutions
    from ordered
    group by ticket_id
),

final as (
    select
        histories.*,
        coalesce(stations.n_assignments, 0) as n_assignments
    from histories
    left join stations on histories.ticket_id = stations.ticket_id
)

select * from final
