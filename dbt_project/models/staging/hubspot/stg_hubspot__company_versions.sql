with

versions as (
    {{ known_versions(source("hubspot", "companies"), version="updated_at") }}
),

renamed as (
    select
        id as company_id,

        name,
        industry,
        market_segment,
        country,
        hs_analytics_source as lead_source,
        hs_parent_company_id as parent_company_id,

        numberofemployees as n_employees,

        known_from,
        updated_at
    from versions
)

select * from renamed
