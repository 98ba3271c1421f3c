with

source as (
    {{ latest_version(source("hubspot", "companies"), version="updated_at") }}
),

renamed as (
    select
        id as company_id,

        name,
        domain,
        industry,
        market_segment,
        country,
        customer_number,
        hubspot_owner_id as owner_id,
        hs_merged_object_ids as merged_company_ids,

        numberofemployees as n_employees,

        coalesce(is_archived, false) as is_archived,

        created_at,
        updated_at,
        archived_at
    from source
)

select * from renamed
