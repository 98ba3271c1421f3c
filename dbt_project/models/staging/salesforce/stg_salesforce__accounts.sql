with

versions as (
    {{ latest_version(source("salesforce", "accounts"), version="updated_at") }}
),

census as (
    {{ last_census(source("salesforce", "account_ids")) }}
),

counted as (
    {{ counted_versions() }}
),

renamed as (
    select
        id as company_id,

        name,
        website,
        industry,
        market_segment,
        coalesce(billing_country_code, billing_country) as country,
        account_number as customer_number,
        owner_id,
        master_record_id as master_company_id,
        parent_id as parent_company_id,
        account_source as lead_source,

        number_of_employees as n_employees,

        is_gone as is_archived,

        created_at,
        updated_at
    from counted
)

select * from renamed
