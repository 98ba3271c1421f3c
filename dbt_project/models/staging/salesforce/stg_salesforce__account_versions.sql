with

versions as (
    {{ known_versions(source("salesforce", "accounts"), version="updated_at") }}
),

renamed as (
    select
        id as company_id,

        name,
        industry,
        market_segment,
        coalesce(billing_country_code, billing_country) as country,
        account_source as lead_source,
        parent_id as parent_company_id,

        number_of_employees as n_employees,

        known_from,
        updated_at
    from versions
)

select * from renamed
