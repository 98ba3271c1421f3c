{{ config(materialized="view") }}

with

deals as (
    select * from {{ ref("stg_hubspot__deals") }}
),

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

buying_companies as (
    select
        deal_id,
        company_id,
        row_number() over (
            partition by deal_id
            order by case association_type_id when 5 then 1 else 2 end, company_id
        ) as preference_rank
    from deal_companies
),

buying_contacts as (
    select deal_id, min(contact_id) as contact_id
    from deal_contacts
    group by deal_id
),

buying_roles as (
    select
        deal_id,
        contact_id,
        row_number() over (partition by deal_id order by is_primary desc, contact_id, role_id) as preference_rank
    from contact_roles
    where not is_archived
),

hubspot_deals as (
    select
        'hubspot' as source_system,
        deals.deal_id,
        deals.order_number,
        deals.pipeline,
        deals.deal_stage,
        deals.sales_channel,
        deals.owner_id,
        deals.lost_reason,
        upper(nullif(trim(deals.currency), '')) as currency,
        deals.amount,
        deals.is_won,
        deals.is_closed,
        deals.is_archived as is_deleted,
        deals.promised_delivery_date,
        deals.opened_at,
        deals.closed_at,
        deals.delivered_at,
        deals.created_at,
        {{ record_id("'hubspot'", "'companies'", "buying_companies.company_id") }} as company_record_id,
        {{ record_id("'hubspot'", "'contacts'", "buying_contacts.contact_id") }} as contact_record_id
    from deals
    left join buying_companies
        on deals.deal_id = buying_companies.deal_id and buying_companies.preference_rank = 1
    left join buying_contacts on deals.deal_id = buying_contacts.deal_id
),

salesforce_opportunities as (
    select
        'salesforce' as source_system,
        opportunities.deal_id,
        opportunities.order_number,
        cast(null as varchar) as pipeline,
        opportunities.deal_stage,
        opportunities.sales_channel,
        opportunities.owner_id,
        cast(null as varchar) as lost_reason,
        upper(nullif(trim(opportunities.currency), '')) as currency,
        opportunities.amount,
        opportunities.is_won,
        opportunities.is_closed,
        opportunities.is_archived as is_deleted,
        opportunities.promised_delivery_date,
        opportunities.opened_at,
        opportunities.closed_at,
        opportunities.delivered_at,
        opportunities.created_at,
        {{ record_id("'salesforce'", "'accounts'", "opportunities.company_id") }} as company_record_id,
        {{ record_id("'salesforce'", "'contacts'", "buying_roles.contact_id") }} as contact_record_id
    from opportunities
    left join buying_roles on opportunities.deal_id = buying_roles.deal_id and buying_roles.preference_rank = 1
),

unioned as (
    select * from hubspot_deals
    union all
    select * from salesforce_opportunities
)

select * from unioned
