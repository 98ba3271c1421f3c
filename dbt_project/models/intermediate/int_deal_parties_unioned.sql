{{ config(materialized="view") }}

with

deal_companies as (
    select * from {{ ref("stg_hubspot__deal_companies") }}
),

deal_contacts as (
    select * from {{ ref("stg_hubspot__deal_contacts") }}
),

opportunities as (
    select * from {{ ref("stg_salesforce__opportunities") }}
),

contact_roles as (
    select * from {{ ref("stg_salesforce__opportunity_contact_roles") }}
),

unioned as (
    select
        'hubspot' as source_system,
        deal_id,
        'account' as entity,
        {{ record_id("'hubspot'", "'companies'", "company_id") }} as record_id
    from deal_companies
    union
    select
        'hubspot' as source_system,
        deal_id,
        'contact' as entity,
        {{ record_id("'hubspot'", "'contacts'", "contact_id") }} as record_id
    from deal_contacts
    union
    select
        'salesforce' as source_system,
        deal_id,
        'account' as entity,
        {{ record_id("'salesforce'", "'accounts'", "company_id") }} as record_id
    from opportunities
    where company_id is not null
    union
    select
        'salesforce' as source_system,
        deal_id,
        'contact' as entity,
        {{ record_id("'salesforce'", "'contacts'", "contact_id") }} as record_id
    from contact_roles
    where not is_archived and contact_id is not null
)

select * from unioned
