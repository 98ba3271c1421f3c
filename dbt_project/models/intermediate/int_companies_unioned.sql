with

companies as (
    select * from {{ ref("stg_hubspot__companies") }}
),

accounts as (
    select * from {{ ref("stg_salesforce__accounts") }}
),

organizations as (
    select * from {{ ref("stg_zendesk__organizations") }}
),

merged_ids as (
    select
        company_id as winner_id,
        trim(unnest({{ split_text("merged_company_ids", ";") }})) as loser_id
    from companies
    where merged_company_ids is not null
),

merged_companies as (
    select loser_id
    from merged_ids
    where loser_id <> winner_id
    group by loser_id
),

hubspot_companies as (
    select
        'hubspot' as source_system,
        'companies' as source_object,
        companies.company_id as source_id,
        {{ normalized_number("companies.customer_number") }} as customer_number,
        nullif(trim(companies.name), '') as company_name,
        companies.industry,
        companies.market_segment,
        companies.country,
        companies.n_employees,
        nullif(trim(companies.lead_source), '') as lead_source,
        {{ record_id("'hubspot'", "'companies'", "nullif(trim(companies.parent_company_id), '')") }}
            as parent_record_id,
        companies.is_archived as is_deleted,
        merged_companies.loser_id is not null as is_merged,
        companies.created_at,
        companies.updated_at
    from companies
    left join merged_companies on companies.company_id = merged_companies.loser_id
),

salesforce_accounts as (
    select
        'salesforce' as source_system,
        'accounts' as source_object,
        company_id as source_id,
        {{ normalized_number("customer_number") }} as customer_number,
        nullif(trim(name), '') as company_name,
        industry,
        market_segment,
        country,
        n_employees,
        nullif(trim(lead_source), '') as lead_source,
        {{ record_id("'salesforce'", "'accounts'", "nullif(trim(parent_company_id), '')") }} as parent_record_id,
        is_archived as is_deleted,
        master_company_id is not null as is_merged,
        created_at,
        updated_at
    from accounts
),

zendesk_organizations as (
    select
        'zendesk' as source_system,
        'organizations' as source_object,
        organization_id as source_id,
        {{ normalized_number("customer_number") }} as customer_number,
        nullif(trim(name), '') as company_name,
        cast(null as varchar) as industry,
        cast(null as varchar) as market_segment,
        cast(null as varchar) as country,
        cast(null as bigint) as n_employees,
        cast(null as varchar) as lead_source,
        cast(null as varchar) as parent_record_id,
        is_deleted,
        false as is_merged,
        created_at,
        updated_at
    from organizations
),

unioned as (
    select * from hubspot_companies
    union all
    select * from salesforce_accounts
    union all
    select * from zendesk_organizations
),

final as (
    select
        *,
        {{ record_id("source_system", "source_object", "source_id") }} as record_id
    from unioned
)

select * from final
