with

versions as (
    {{ latest_version(source("zendesk", "ticket_fields"), version="updated_at") }}
),

listed as (
    {{ last_census(source("zendesk", "ticket_fields")) }}
),

renamed as (
    select
        versions.id as field_id,

        coalesce(versions.title, versions.raw_title) as field_title,
        versions.type as field_type,
        versions.description,
        versions.tag,
        versions.options,

        coalesce(versions.is_active, true) as is_active,
        listed.id is null as is_deleted,

        versions.created_at,
        versions.updated_at
    from versions
    left join listed on versions.id = listed.id
)

select * from renamed
