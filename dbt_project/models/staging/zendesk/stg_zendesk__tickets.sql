with

source as (
    {{ latest_version(source("zendesk", "tickets"), version="generated_at") }}
),

listed_as_deleted as (
    {{ last_census(source("zendesk", "deleted_tickets")) }}
),

versions as (
    select
        source.*,
        coalesce(listed_as_deleted._as_of_date >= source._as_of_date, false) as is_listed_as_deleted
    from source
    left join listed_as_deleted on source.id = listed_as_deleted.id
),

renamed as (
    select
        id as ticket_id,
        external_id,
        requester_id,
        assignee_id,
        organization_id,

        status,
        priority,
        type as ticket_type,
        channel,
        {{ json_typed("tags", '["VARCHAR"]') }} as tags,
        custom_fields,
        satisfaction_score,

        status = 'deleted' or is_listed_as_deleted as is_deleted,
        {{ list_has(json_typed("tags", '["VARCHAR"]'), "'closed_by_merge'") }} as is_merged,

        reopens as n_reopens,
        replies as n_replies,
        assignee_stations as n_assignee_stations,
        reply_time_minutes_calendar as first_reply_minutes_calendar,
        reply_time_minutes_business as first_reply_minutes_business,
        first_resolution_time_minutes_calendar as first_resolution_minutes_calendar,
        first_resolution_time_minutes_business as first_resolution_minutes_business,
        full_resolution_time_minutes_calendar as full_resolution_minutes_calendar,
        full_resolution_time_minutes_business as full_resolution_minutes_business,
        requester_wait_time_minutes_calendar as requester_wait_minutes_calendar,
        requester_wait_time_minutes_business as requester_wait_minutes_business,

        created_at,
        updated_at,
        generated_at,
        solved_at
    from versions
)

select * from renamed
