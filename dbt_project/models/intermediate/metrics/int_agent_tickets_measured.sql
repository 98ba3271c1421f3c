with

tickets as (
    select * from {{ ref("int_tickets") }}
    where not is_deleted and not is_merged
),

scopes as (
    select * from {{ ref("int_agent_scopes") }}
),

periods as (
    select * from {{ ref("int_periods") }}
    where period_grain in ('month', 'trailing_12m')
),

-- A reply is the first replier's, a solution the solver's. A promise broken on a ticket that is still open is laid to
-- whom it is assigned, in the month it came in.
deeds as (
    select
        first_reply_by as agent_key,
        cast(first_reply_at as date) as done_on,
        our_first_reply_business_minutes as reply_minutes,
        case when n_handoffs > 0 then 1 when n_handoffs = 0 then 0 end as is_handed_on,
        cast(null as bigint) as resolution_minutes,
        cast(null as integer) as is_first_contact,
        cast(null as integer) as is_reopened,
        cast(null as integer) as is_kept,
        cast(null as varchar) as solved_ticket_id
    from tickets
    where first_reply_by is not null
    union all
    select
        resolver_key as agent_key,
        cast(first_resolved_at as date) as done_on,
        cast(null as bigint) as reply_minutes,
        cast(null as integer) as is_handed_on,
        our_first_resolution_business_minutes as resolution_minutes,
        case when is_first_contact_resolution then 1 when not is_first_contact_resolution then 0 end
            as is_first_contact,
        case when is_reopened then 1 when not is_reopened then 0 end as is_reopened,
        case when is_sla_met then 1 when not is_sla_met then 0 end as is_kept,
        ticket_id as solved_ticket_id
    from tickets
    where resolver_key is not null
    union all
    select
        assignee_key as agent_key,
        cast(created_at as date) as done_on,
        cast(null as bigint) as reply_minutes,
        cast(null as integer) as is_handed_on,
        cast(null as bigint) as resolution_minutes,
        cast(null as integer) as is_first_contact,
        cast(null as integer) as is_reopened,
        0 as is_kept,
        cast(null as varchar) as solved_ticket_id
    from tickets
    where resolver_key is null and is_sla_breach_open
),

final as (
    select
        scopes.scope_key,
        periods.period_grain,
        periods.period_start,
        cast(count(deeds.solved_ticket_id) as bigint) as n_tickets,
        cast(count(deeds.reply_minutes) as bigint) as n_replied,
        cast(count(deeds.is_kept) as bigint) as n_promises,
        cast(median(deeds.reply_minutes) as double) as first_reply_business_minutes,
        cast(median(deeds.resolution_minutes) as double) / 60 as resolution_business_hours,
        {{ safe_divide("sum(deeds.is_first_contact)", "count(deeds.is_first_contact)") }}
            as first_contact_resolution_rate,
        {{ safe_divide("sum(deeds.is_reopened)", "count(deeds.is_reopened)") }} as reopen_rate,
        {{ safe_divide("sum(deeds.is_handed_on)", "count(deeds.is_handed_on)") }} as handoff_rate,
        {{ safe_divide("sum(deeds.is_kept)", "count(deeds.is_kept)") }} as sla_rate
    from deeds
    inner join scopes on deeds.agent_key = scopes.agent_key
    inner join periods on deeds.done_on between periods.period_start and periods.period_end
    group by 1, 2, 3
)

select * from final
