with

ticket_events as (
    select * from {{ ref("stg_zendesk__ticket_events") }}
),

tickets as (
    select * from {{ ref("int_tickets") }}
),

-- Ids of events grow, so they order what happened in the same second; a ticket is created before it changes.
numbered as (
    select
        ticket_events.ticket_id,
        ticket_events.status,
        ticket_events.occurred_at,
        row_number() over (
            partition by ticket_events.ticket_id
            order by
                ticket_events.occurred_at, length(ticket_events.event_id), ticket_events.event_id,
                case ticket_events.event_type when 'Create' then 0 else 1 end, ticket_events.status
        ) as event_number
    from ticket_events
    inner join tickets
        on ticket_events.ticket_id = tickets.ticket_id and tickets.source_system = 'zendesk'
    where
        ticket_events.status is not null
        and ticket_events.occurred_at < {{ as_of_until() }}
        and not tickets.is_deleted
),

followed as (
    select
        *,
        lag(status) over (partition by ticket_id order by event_number) as status_before
    from numbered
),

-- A status set to what it was is no step.
entered as (
    select
        ticket_id,
        status as from_state,
        occurred_at as entered_at,
        event_number,
        row_number() over (partition by ticket_id, status order by event_number) as visit_number
    from followed
    where status is distinct from status_before
),

left_behind as (
    select
        *,
        lead(from_state) over visits as to_state,
        lead(entered_at) over visits as left_at,
        lead(visit_number) over visits as next_visit_number,
        row_number() over visits as step_number
    from entered
    window visits as (partition by ticket_id order by event_number)
),

final as (
    select
        ticket_id,
        cast(step_number as integer) as step_number,
        from_state,
        to_state,
        entered_at,
        left_at,
        {{ seconds_between("entered_at", "left_at") }} as seconds,
        next_visit_number > 1 as is_return
    from left_behind
    where to_state is not null
)

select * from final
