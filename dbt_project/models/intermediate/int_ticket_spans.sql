{{ config(materialized="view") }}

with

tickets as (
    select * from {{ ref("int_tickets_unioned") }}
),

ticket_events as (
    select * from {{ ref("stg_zendesk__ticket_events") }}
),

-- The clock of a ticket that nobody answered stops when it is solved; that of an open one runs to the end of the night.
clocks as (
    select
        ticket_id,
        'reply' as span_kind,
        first_event_at as starts_at,
        coalesce(least(first_reply_at, first_resolved_at), first_reply_at, first_resolved_at, {{ as_of_until() }})
            as ends_at
    from tickets
    union all
    select
        ticket_id,
        'first_reply' as span_kind,
        first_event_at as starts_at,
        first_reply_at as ends_at
    from tickets
    where first_reply_at is not null
    union all
    select
        ticket_id,
        'resolution' as span_kind,
        first_event_at as starts_at,
        coalesce(first_resolved_at, {{ as_of_until() }}) as ends_at
    from tickets
    union all
    select
        ticket_id,
        'full_resolution' as span_kind,
        first_event_at as starts_at,
        last_resolved_at as ends_at
    from tickets
    where last_resolved_at is not null
),

statuses as (
    select
        ticket_id,
        status,
        occurred_at as starts_at,
        lead(occurred_at) over (
            partition by ticket_id order by occurred_at, length(event_id), event_id
        ) as ends_at
    from ticket_events
    where status is not null and occurred_at < {{ as_of_until() }}
),

-- What the requester waited is known once the ticket is solved; while the help desk waits for the requester it rests.
waits as (
    select
        statuses.ticket_id,
        'requester_wait' as span_kind,
        statuses.starts_at,
        statuses.ends_at
    from statuses
    inner join tickets on statuses.ticket_id = tickets.ticket_id and tickets.source_system = 'zendesk'
    where statuses.status in ('new', 'open', 'hold') and statuses.ends_at <= tickets.last_resolved_at
),

final as (
    select * from clocks
    union all
    select * from waits
)

select * from final
where starts_at <= ends_at
