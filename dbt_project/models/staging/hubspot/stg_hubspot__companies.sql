with

versions as (
    {{ latest_version(source("hubspot", "companies"), version="updated_at") }}
),

census as (
    {{ last_census(source("hubspot", "company_ids")) }}
),

counted as (
    {{ counted_versions(is_deleted="is_archived") }}
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
        nullif(trim(hs_merged_object_ids), '') as merged_company_ids,
        hs_parent_company_id as parent_company_id,
        hs_analytics_source as lead_source,

        numberofemployees as n_employees,

        is_gone as is_archived,

        created_at,
        updated_at,
        case when is_gone then archived_at end as archived_at
    from counted
)

select * from renamed
