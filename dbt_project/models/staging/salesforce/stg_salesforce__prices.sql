with

versions as (
    {{ latest_version(source("salesforce", "prices"), version="updated_at") }}
),

census as (
    {{ last_census(source("salesforce", "price_ids")) }}
),

counted as (
    {{ counted_versions() }}
),

renamed as (
    select
        id as price_id,
        product_id,

        currency_iso_code as currency,

        unit_price as list_price,

        coalesce(is_active, true) as is_active,
        is_gone as is_archived,

        created_at,
        updated_at
    from counted
)

select * from renamed
