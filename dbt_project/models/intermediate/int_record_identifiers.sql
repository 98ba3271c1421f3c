with

contacts as (
    select * from {{ ref("int_contacts_unioned") }}
),

companies as (
    select * from {{ ref("int_companies_unioned") }}
),

hubspot_contacts as (
    select * from {{ ref("stg_hubspot__contacts") }}
),

hubspot_companies as (
    select * from {{ ref("stg_hubspot__companies") }}
),

salesforce_contacts as (
    select * from {{ ref("stg_salesforce__contacts") }}
),

salesforce_accounts as (
    select * from {{ ref("stg_salesforce__accounts") }}
),

organizations as (
    select * from {{ ref("stg_zendesk__organizations") }}
),

overrides as (
    select * from {{ ref("identity_override") }}
),

own_ids as (
    select record_id, 'contact' as entity, 'record' as identifier_kind, record_id as identifier
    from contacts
    union all
    select record_id, 'account' as entity, 'record' as identifier_kind, record_id as identifier
    from companies
),

emails as (
    select record_id, 'contact' as entity, 'email' as identifier_kind, 'email|' || email as identifier
    from contacts
    where email is not null
),

numbers as (
    select
        record_id, 'contact' as entity, 'external_id' as identifier_kind, 'person|' || person_number as identifier
    from contacts
    where person_number is not null
    union all
    select
        record_id, 'account' as entity, 'external_id' as identifier_kind, 'customer|' || customer_number as identifier
    from companies
    where customer_number is not null
),

merged_records as (
    select
        'contact' as entity,
        'hubspot' as source_system,
        'contacts' as source_object,
        contact_id as winner_id,
        trim(unnest({{ split_text("merged_contact_ids", ";") }})) as loser_id
    from hubspot_contacts
    where merged_contact_ids is not null
    union all
    select
        'account' as entity,
        'hubspot' as source_system,
        'companies' as source_object,
        company_id as winner_id,
        trim(unnest({{ split_text("merged_company_ids", ";") }})) as loser_id
    from hubspot_companies
    where merged_company_ids is not null
    union all
    select
        'contact' as entity,
        'salesforce' as source_system,
        'contacts' as source_object,
        master_contact_id as winner_id,
        contact_id as loser_id
    from salesforce_contacts
    where master_contact_id is not null
    union all
    select
        'account' as entity,
        'salesforce' as source_system,
        'accounts' as source_object,
        master_company_id as winner_id,
        company_id as loser_id
    from salesforce_accounts
    where master_company_id is not null
),

-- The winner also answers to the ids of the records merged into it.
former_ids as (
    select
        {{ record_id("source_system", "source_object", "winner_id") }} as record_id,
        entity,
        'merge' as identifier_kind,
        {{ record_id("source_system", "source_object", "loser_id") }} as identifier
    from merged_records
    where loser_id not in ('', winner_id)
),

web_addresses as (
    select
        {{ record_id("'hubspot'", "'companies'", "company_id") }} as record_id,
        domain as web_address
    from hubspot_companies
    union all
    select
        {{ record_id("'salesforce'", "'accounts'", "company_id") }} as record_id,
        website as web_address
    from salesforce_accounts
    union all
    select
        {{ record_id("'zendesk'", "'organizations'", "organization_id") }} as record_id,
        unnest({{ json_typed("domain_names", '["VARCHAR"]') }}) as web_address
    from organizations
    where domain_names is not null
),

domains as (
    select record_id, 'account' as entity, 'domain' as identifier_kind, 'domain|' || domain as identifier
    from (
        select record_id, {{ web_domain("web_address") }} as domain
        from web_addresses
    ) as hosts
    where domain is not null
),

-- A person is never merged with an account: a row that asks for it, or names an unknown record, links nothing.
decided_merges as (
    select
        own_ids.record_id,
        other_ids.record_id as other_record_id,
        own_ids.entity,
        'override|' || own_ids.record_id || '|' || other_ids.record_id as identifier
    from overrides
    inner join own_ids on trim(overrides.record_id) = own_ids.record_id
    inner join own_ids as other_ids
        on trim(overrides.other_record_id) = other_ids.record_id and own_ids.entity = other_ids.entity
    where overrides.action = 'merge'
),

decisions as (
    select record_id, entity, 'override' as identifier_kind, identifier
    from decided_merges
    union all
    select other_record_id as record_id, entity, 'override' as identifier_kind, identifier
    from decided_merges
),

-- What a vendor or a person names twice counts once.
repeatable as (
    select * from former_ids
    union all
    select * from domains
    union all
    select * from decisions
),

final as (
    select * from own_ids
    union all
    select * from emails
    union all
    select * from numbers
    union all
    select record_id, entity, identifier_kind, identifier
    from repeatable
    group by record_id, entity, identifier_kind, identifier
)

select * from final
