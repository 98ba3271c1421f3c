{% set kinds = ["reply", "first_reply", "resolution", "full_resolution", "requester_wait"] %}

with

spans as (
    select * from {{ ref("int_ticket_spans") }}
),

schedules as (
    select * from {{ ref("int_ticket_schedules") }}
),

hours as (
    select * from {{ ref("int_business_hours") }}
),

measured as (
    select
        spans.ticket_id,
        schedules.schedule_code,
        spans.span_kind,
        {{ seconds_between("spans.starts_at", "spans.ends_at") }} as calendar_seconds,
        {{ open_seconds_at("spans.ends_at", "end_hours") }} - {{ open_seconds_at("spans.starts_at", "start_hours") }}
            as business_seconds
    from spans
    left join schedules on spans.ticket_id = schedules.ticket_id
    left join hours as start_hours
        on
            schedules.schedule_code = start_hours.schedule_code
            and cast(spans.starts_at as date) = start_hours.day
            and spans.starts_at >= start_hours.from_at and spans.starts_at < start_hours.until_at
    left join hours as end_hours
        on
            schedules.schedule_code = end_hours.schedule_code
            and cast(spans.ends_at as date) = end_hours.day
            and spans.ends_at >= end_hours.from_at and spans.ends_at < end_hours.until_at
),

final as (
    select
        ticket_id,
        {% for kind in kinds -%}
        {{ whole_minutes("sum(case when span_kind = '" ~ kind ~ "' then calendar_seconds end)") }}
            as {{ kind }}_calendar_minutes,
        {{ whole_minutes("sum(case when span_kind = '" ~ kind ~ "' then business_seconds end)") }}
            as {{ kind }}_business_minutes,
        {% endfor -%}
        min(schedule_code) as schedule_code
    from measured
    group by ticket_id
)

select * from final
