with

versions as (
    {{ known_versions(source("hubspot", "contacts"), version="updated_at") }}
),

renamed as (
    select
        id as contact_id,

        firstname as first_name,
        lastname as last_name,
        country,

        known_from,
        updated_at
    from versions
)

select * from renamed
