with

source as (
    {{ latest_version(source("hubspot", "products"), version="updated_at") }}
),

renamed as (
    select
        id as product_id,

        hs_sku as product_sku,
        name as product_name,
        product_family,

        price as list_price,
        hs_cost_of_goods_sold as unit_cost,

        coalesce(is_archived, false) as is_archived,

        created_at,
        updated_at
    from source
)

select * from renamed
