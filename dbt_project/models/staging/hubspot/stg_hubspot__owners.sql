with

source as (
    {{ latest_version(source("hubspot", "owners"), version="updated_at") }}
),

renamed as (
    select
        id as owner_id,
        user_id,

        email,
        first_name,
        last_name,

        coalesce(is_archived, false) as is_archived,

        created_at,
        updated_at
    from source
)

select * from renamed
