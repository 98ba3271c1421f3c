with

versions as (
    {{ latest_version(source("salesforce", "users"), version="updated_at") }}
),

renamed as (
    select
        id as owner_id,

        email,
        first_name,
        last_name,

        not coalesce(is_active, true) as is_archived,

        created_at,
        updated_at
    from versions
)

select * from renamed
