with

source as (
    {{ latest_version(source("zendesk", "organizations"), version="updated_at") }}
),

renamed as (
    select
        id as organization_id,
        external_id as customer_number,

        name,
        domain_names,

        deleted_at is not null as is_deleted,

        created_at,
        updated_at,
        deleted_at
    from source
)

select * from renamed
