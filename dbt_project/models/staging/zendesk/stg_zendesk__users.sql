with

versions as (
    select
        source.*,
        not coalesce(source.is_active, true) as is_deleted
    from (
        {{ latest_version(source("zendesk", "users"), version="updated_at") }}
    ) as source
),

census as (
    {{ last_census(source("zendesk", "user_ids")) }}
),

counted as (
    {{ counted_versions() }}
),

renamed as (
    select
        id as user_id,
        organization_id,
        external_id as person_number,
        default_group_id as team_id,

        name,
        email,
        phone,
        role,
        locale,
        time_zone,

        role = 'end-user' as is_end_user,
        not is_gone as is_active,

        created_at,
        updated_at
    from counted
)

select * from renamed
