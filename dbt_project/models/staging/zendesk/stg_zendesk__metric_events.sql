with

source as (
    {{ latest_version(source("zendesk", "ticket_metric_events")) }}
),

renamed as (
    select
        id as event_id,
        ticket_id,
        instance_id,

        metric,
        type as event_type,
        sla_policy,

        status_minutes_calendar,
        status_minutes_business,
        sla_target_minutes,

        sla_is_in_business_hours,
        coalesce(is_deleted, false) as is_deleted,

        occurred_at
    from source
)

select * from renamed
