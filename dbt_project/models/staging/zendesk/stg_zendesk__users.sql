with

source as (
    {{ latest_version(source("zendesk", "users"), version="updated_at") }}
),

renamed as (
    select
        id as user_id,
        organization_id,
        external_id as person_number,

        name,
        email,
        phone,
        role,
        locale,
        time_zone,

        role = 'end-user' as is_end_user,
        coalesce(is_active, true) as is_active,

        created_at,
        updated_at
    from source
)

select * from renamed
