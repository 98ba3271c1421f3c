with

versions as (
    select
        source.*,
        source.deleted_at is not null as is_deleted
    from (
        {{ latest_version(source("zendesk", "organizations"), version="updated_at") }}
    ) as source
),

census as (
    {{ last_census(source("zendesk", "organization_ids")) }}
),

counted as (
    {{ counted_versions() }}
),

renamed as (
    select
        id as organization_id,
        external_id as customer_number,

        name,
        domain_names,

        is_gone as is_deleted,

        created_at,
        updated_at,
        deleted_at
    from counted
)

select * from renamed
