with

tickets as (
    select * from {{ ref("stg_zendesk__tickets") }}
),

histories as (
    select * from {{ ref("int_ticket_histories") }}
),

dumped_tickets as (
    select * from {{ ref("stg_files__tickets") }}
),

companies as (
    select * from {{ ref("int_companies_unioned") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

users as (
    select * from {{ ref("stg_zendesk__users") }}
),

timed as (
    select
        tickets.*,
        coalesce(histories.first_event_at, tickets.created_at) as first_event_at,
        histories.first_reply_at,
        histories.first_resolved_at,
        histories.last_resolved_at,
        histories.first_replier_id,
        coalesce(histories.resolver_id, case when histories.first_resolved_at is not null then tickets.assignee_id end)
            as resolver_id,
        users.team_id,
        {{ seconds_between("histories.first_event_at", "histories.first_resolved_at") }} as first_resolution_seconds,
        coalesce(histories.n_events, 0) as n_events,
        coalesce(histories.n_agent_replies, 0) as n_agent_replies,
        coalesce(histories.n_customer_replies, 0) as n_customer_replies,
        histories.n_customer_replies_before_resolution,
        coalesce(histories.n_resolutions, 0) as n_resolutions,
        case
            when histories.n_assignments > 0 or tickets.n_assignee_stations > 0
                then greatest(coalesce(histories.n_assignments, 0), coalesce(tickets.n_assignee_stations, 0)) - 1
        end as n_handoffs
    from tickets
    left join histories on tickets.ticket_id = histories.ticket_id
    left join users on tickets.assignee_id = users.user_id
    where tickets.created_at < {{ as_of_until() }}
),

zendesk_tickets as (
    select
        timed.ticket_id,
        'zendesk' as source_system,
        case
            when requesters.record_id is not null then requesters.customer_key else organizations.customer_key
        end as customer_key,
        requesters.contact_key,
        case when timed.assignee_id is not null then {{ surrogate_key(["'zendesk'", "timed.assignee_id"]) }} end
            as assignee_key,
        case
            when timed.first_replier_id is not null
                then {{ surrogate_key(["'zendesk'", "timed.first_replier_id"]) }}
        end as first_reply_by,
        case when timed.resolver_id is not null then {{ surrogate_key(["'zendesk'", "timed.resolver_id"]) }} end
            as resolver_key,
        timed.team_id,

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
        timed.last_resolved_at,
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
        timed.n_customer_replies_before_resolution,
        timed.n_resolutions,
        timed.n_handoffs,

        timed.first_resolved_at is not null as is_resolved,
        timed.is_deleted,
        timed.is_merged
    from timed
    left join identity as requesters
        on
            timed.requester_id = requesters.source_id
            and requesters.source_system = 'zendesk' and requesters.source_object = 'users'
    left join identity as organizations
        on
            timed.organization_id = organizations.source_id
            and organizations.source_system = 'zendesk' and organizations.source_object = 'organizations'
),

accounts as (
    select
        companies.customer_number,
        min(identity.customer_key) as customer_key
    from companies
    inner join identity on companies.record_id = identity.record_id
    group by companies.customer_number
),

-- An answer or a solution before the question is a mistake in the file: the raw gate names it.
plausible_dump as (
    select
        *,
        case when first_reply_at >= created_at then first_reply_at end as replied_at,
        case when resolved_at >= created_at then resolved_at end as solved_at
    from dumped_tickets
    where created_at < {{ as_of_until() }}
),

keyed_dump as (
    select
        *,
        {{ surrogate_key([normalized_email("email"), normalized_number("person_number")]) }} as person_id,
        {{ normalized_number("customer_number") }} as normal_number,
        {{ seconds_between("created_at", "replied_at") }} as reply_seconds,
        {{ seconds_between("created_at", "solved_at") }} as resolution_seconds
    from plausible_dump
),

file_tickets as (
    select
        keyed_dump.ticket_id,
        'files' as source_system,
        case
            when requesters.record_id is not null then requesters.customer_key else accounts.customer_key
        end as customer_key,
        requesters.contact_key,
        cast(null as varchar) as assignee_key,
        cast(null as varchar) as first_reply_by,
        cast(null as varchar) as resolver_key,
        cast(null as varchar) as team_id,

        coalesce(keyed_dump.status, case when keyed_dump.solved_at is null then 'open' else 'solved' end) as status,
        keyed_dump.priority,
        keyed_dump.ticket_type,
        keyed_dump.channel,
        keyed_dump.topic_code,
        case when keyed_dump.purchase_phase in ('before', 'during', 'after') then keyed_dump.purchase_phase end
            as purchase_phase,
        keyed_dump.satisfaction_score,

        keyed_dump.created_at,
        keyed_dump.created_at as first_event_at,
        keyed_dump.replied_at as first_reply_at,
        keyed_dump.solved_at as first_resolved_at,
        keyed_dump.solved_at as last_resolved_at,
        keyed_dump.updated_at,

        keyed_dump.resolution_seconds as first_resolution_seconds,
        cast(keyed_dump.resolution_seconds as double) / 3600 as first_resolution_hours,
        cast(floor(cast(keyed_dump.reply_seconds as double) / 60) as bigint) as first_reply_minutes_calendar,
        cast(null as bigint) as first_reply_minutes_business,
        cast(floor(cast(keyed_dump.resolution_seconds as double) / 60) as bigint) as full_resolution_minutes_calendar,
        cast(null as bigint) as full_resolution_minutes_business,
        cast(null as bigint) as requester_wait_minutes_calendar,
        cast(null as bigint) as requester_wait_minutes_business,
        keyed_dump.n_reopens,
        keyed_dump.n_replies,
        cast(null as bigint) as n_assignee_stations,
        cast(0 as bigint) as n_events,
        cast(0 as bigint) as n_agent_replies,
        cast(0 as bigint) as n_customer_replies,
        cast(null as bigint) as n_customer_replies_before_resolution,
        cast(case when keyed_dump.solved_at is null then 0 else 1 end as bigint) as n_resolutions,
        cast(null as bigint) as n_handoffs,

        keyed_dump.solved_at is not null as is_resolved,
        keyed_dump.is_deleted,
        false as is_merged
    from keyed_dump
    left join identity as requesters
        on
            keyed_dump.person_id = requesters.source_id
            and requesters.source_system = 'files' and requesters.source_object = 'people'
    left join accounts on keyed_dump.normal_number = accounts.customer_number
),

final as (
    select * from zendesk_tickets
    union all
    select * from file_tickets
)

select * from final
