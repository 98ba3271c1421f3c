with

versions as (
    {{ latest_version(source("hubspot", "products"), version="updated_at") }}
),

census as (
    {{ last_census(source("hubspot", "product_ids")) }}
),

counted as (
    {{ counted_versions(is_deleted="is_archived") }}
),

renamed as (
    select
        id as product_id,

        hs_sku as product_sku,
        name as product_name,
        product_family,

        price as list_price,
        hs_cost_of_goods_sold as unit_cost,

        is_gone as is_archived,

        created_at,
        updated_at
    from counted
)

select * from renamed
