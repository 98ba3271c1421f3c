with

source as (
    {{ latest_version(source("zendesk", "ticket_events"), version="occurred_at") }}
),

children as (
    select
        id,
        ticket_id,
        updater_id,
        occurred_at,
        {{ explode_outer(
            json_typed(
                "child_events",
                '[{"event_type": "VARCHAR", "status": "VARCHAR", "public": "BOOLEAN", "author_id": "VARCHAR",'
                ~ ' "assignee_id": "VARCHAR"}]'
            )
        ) }} as child_event
    from source
),

renamed as (
    select
        id as event_id,
        ticket_id,
        updater_id,
        child_event.author_id as author_id,
        child_event.assignee_id as assignee_id,

        child_event.event_type as event_type,
        child_event.status as status,

        child_event.public as is_public,

        occurred_at
    from children
)

select * from renamed
