with

versions as (
    {{ latest_version(source("salesforce", "opportunity_contact_roles"), version="updated_at") }}
),

census as (
    {{ last_census(source("salesforce", "opportunity_contact_role_ids")) }}
),

counted as (
    {{ counted_versions() }}
),

renamed as (
    select
        id as role_id,
        opportunity_id as deal_id,
        contact_id,

        role as role_name,

        coalesce(is_primary, false) as is_primary,
        is_gone as is_archived,

        created_at,
        updated_at
    from counted
)

select * from renamed
