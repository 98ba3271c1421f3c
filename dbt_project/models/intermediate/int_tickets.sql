{% set times = {
    "first_reply": "first_reply",
    "first_resolution": "resolution",
    "full_resolution": "full_resolution",
    "requester_wait": "requester_wait",
} %}
{% set promises = {"first_reply": "reply", "first_resolution": "resolution"} %}

with

tickets as (
    select * from {{ ref("int_tickets_unioned") }}
),

minutes as (
    select * from {{ ref("int_ticket_minutes") }}
),

policies as (
    select * from {{ ref("sla_policy") }}
),

targets as (
    select
        sla_policy_code,
        priority
        {% for promise in promises -%}
        ,
        max(case when metric = '{{ promise }}' then target_minutes end) as {{ promise }}_target,
        max(case when metric = '{{ promise }}' then case when is_business then 1 else 0 end end) = 1
            as {{ promise }}_in_business
        {%- endfor %}
    from policies
    group by sla_policy_code, priority
),

policy_priorities as (
    select distinct priority from policies
    where priority is not null
),

timed as (
    select
        tickets.*,
        minutes.schedule_code,
        {% for name, kind in times.items() -%}
        {% for clock in ["calendar", "business"] -%}
        case
            when {{ "tickets.is_resolved" if kind == "resolution" else "true" }}
                then minutes.{{ kind }}_{{ clock }}_minutes
        end as our_{{ name }}_{{ clock }}_minutes,
        {% endfor -%}
        {% endfor -%}
        targets.sla_policy_code,
        targets.first_reply_target as first_reply_target_minutes,
        targets.first_resolution_target as first_resolution_target_minutes,
        {% for promise, kind in promises.items() -%}
        case
            when targets.{{ promise }}_in_business then minutes.{{ kind }}_business_minutes
            else minutes.{{ kind }}_calendar_minutes
        end as {{ promise }}_elapsed,
        {% endfor -%}
        coalesce(tickets.first_reply_at, tickets.first_resolved_at) is not null as is_answered,
        not tickets.is_resolved and (tickets.is_deleted or tickets.is_merged or tickets.status = 'closed') as is_void
    from tickets
    left join minutes on tickets.ticket_id = minutes.ticket_id
    left join policy_priorities on tickets.priority = policy_priorities.priority
    left join targets on policy_priorities.priority is not distinct from targets.priority
),

-- Past its target a promise is broken, whether the ticket is done or not; within it, it is kept once that is done.
judged as (
    select
        *,
        {% for promise, is_done in {"first_reply": "is_answered", "first_resolution": "is_resolved"}.items() -%}
        case
            when is_void then null
            when {{ promise }}_elapsed > {{ promise }}_target_minutes then false
            when {{ is_done }} and {{ promise }}_elapsed <= {{ promise }}_target_minutes then true
        end as is_{{ promise }}_sla_met,
        {% endfor -%}
        case
            when not is_resolved then null
            when n_reopens is null and n_events = 0 then null
            else coalesce(n_reopens, 0) > 0 or n_resolutions > 1
        end as is_reopened
    from timed
),

decided as (
    select
        *,
        case
            when is_first_reply_sla_met = false or is_first_resolution_sla_met = false then false
            when
                coalesce(is_first_reply_sla_met, is_first_resolution_sla_met) is not null
                and (is_first_reply_sla_met is not null or first_reply_target_minutes is null)
                and (is_first_resolution_sla_met is not null or first_resolution_target_minutes is null)
                then true
        end as is_sla_met,
        coalesce(not is_first_reply_sla_met and not is_answered, false)
        or coalesce(not is_first_resolution_sla_met and not is_resolved, false) as is_sla_breach_open,
        case
            when not is_resolved or is_reopened is null then null
            when n_events = 0 then not is_reopened and n_replies <= 1
            else not is_reopened and coalesce(n_handoffs, 0) = 0 and n_customer_replies_before_resolution <= 1
        end as is_first_contact_resolution,
        case
            when not is_resolved or is_reopened is null then null
            when n_events = 0 then not is_reopened and n_replies <= 1
            else not is_reopened and n_agent_replies <= 1
        end as is_one_touch
    from judged
)

select
    ticket_id,
    source_system,
    customer_key,
    contact_key,
    assignee_key,
    first_reply_by,
    resolver_key,
    team_id,
    status,
    priority,
    ticket_type,
    channel,
    topic_code,
    purchase_phase,
    satisfaction_score,
    created_at,
    first_event_at,
    first_reply_at,
    first_resolved_at,
    last_resolved_at,
    updated_at,
    first_resolution_seconds,
    first_resolution_hours,
    first_reply_minutes_calendar,
    first_reply_minutes_business,
    full_resolution_minutes_calendar,
    full_resolution_minutes_business,
    requester_wait_minutes_calendar,
    requester_wait_minutes_business,
    schedule_code,
    {% for name in times -%}
    our_{{ name }}_calendar_minutes,
    our_{{ name }}_business_minutes,
    {% endfor -%}
    n_reopens,
    n_replies,
    n_assignee_stations,
    n_handoffs,
    n_events,
    n_agent_replies,
    n_customer_replies,
    n_resolutions,
    sla_policy_code,
    first_reply_target_minutes,
    first_resolution_target_minutes,
    is_first_reply_sla_met,
    is_first_resolution_sla_met,
    is_sla_met,
    is_sla_breach_open,
    is_reopened,
    is_first_contact_resolution,
    is_one_touch,
    is_resolved,
    is_deleted,
    is_merged
from decided
