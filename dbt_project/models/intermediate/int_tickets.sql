with

tickets as (
    select * from {{ ref("stg_zendesk__tickets") }}
),

histories as (
    select * from {{ ref("int_ticket_histories") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

timed as (
    select
        tickets.*,
        coalesce(histories.first_event_at, tickets.created_at) as first_event_at,
        histories.first_reply_at,
        histories.first_resolved_at,
        {{ seconds_between("histories.first_event_at", "histories.first_resolved_at") }} as first_resolution_seconds,
        coalesce(histories.n_events, 0) as n_events,
        coalesce(histories.n_agent_replies, 0) as n_agent_replies,
        coalesce(histories.n_customer_replies, 0) as n_customer_replies,
        coalesce(histories.n_resolutions, 0) as n_resolutions
    from tickets
    left join histories on tickets.ticket_id = histories.ticket_id
    where tickets.created_at < {{ as_of_until() }}
),

final as (
    select
        timed.ticket_id,
        coalesce(requesters.customer_key, organizations.customer_key) as customer_key,
        requesters.contact_key,
        case when timed.assignee_id is not null then {{ surrogate_key(["timed.assignee_id"]) }} end as assignee_key,

        timed.status,
        timed.priority,
        timed.ticket_type,
        timed.channel,
        {{ tag_after_prefix("timed.tags", "topic_") }} as topic_code,
        {{ tag_after_prefix("timed.tags", "phase_") }} as purchase_phase,
        timed.satisfaction_score,

        timed.created_at,
        timed.first_event_at,
        timed.first_reply_at,
        timed.first_resolved_at,
        timed.updated_at,

        timed.first_resolution_seconds,
        cast(timed.first_resolution_seconds as double) / 3600 as first_resolution_hours,
        timed.first_reply_minutes_calendar,
        timed.first_reply_minutes_business,
        timed.full_resolution_minutes_calendar,
        timed.full_resolution_minutes_business,
        timed.requester_wait_minutes_calendar,
        timed.requester_wait_minutes_business,
        timed.n_reopens,
        timed.n_replies,
        timed.n_assignee_stations,
        timed.n_events,
        timed.n_agent_replies,
        timed.n_customer_replies,
        timed.n_resolutions,

        timed.first_resolved_at is not null as is_resolved,
        timed.status = 'deleted' as is_deleted,
        {{ list_has("timed.tags", "'closed_by_merge'") }} as is_merged
    from timed
    left join identity as requesters
        on
            timed.requester_id = requesters.source_id
            and requesters.source_system = 'zendesk' and requesters.source_object = 'users'
    left join identity as organizations
        on
            timed.organization_id = organizations.source_id
            and organizations.source_system = 'zendesk' and organizations.source_object = 'organizations'
)

select * from final
