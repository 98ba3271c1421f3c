with

versions as (
    {{ latest_version(source("salesforce", "products"), version="updated_at") }}
),

census as (
    {{ last_census(source("salesforce", "product_ids")) }}
),

counted as (
    {{ counted_versions() }}
),

renamed as (
    select
        id as product_id,

        product_code as product_sku,
        name as product_name,
        family as product_family,

        unit_cost,

        coalesce(is_active, true) as is_active,
        is_gone as is_archived,

        created_at,
        updated_at
    from counted
)

select * from renamed
