with

contacts as (
    select * from {{ ref("int_contacts_unioned") }}
),

components as (
    select * from {{ ref("int_record_components") }}
),

contact_companies as (
    select * from {{ ref("stg_hubspot__contact_companies") }}
),

salesforce_contacts as (
    select * from {{ ref("stg_salesforce__contacts") }}
),

users as (
    select * from {{ ref("stg_zendesk__users") }}
),

identifiers as (
    select * from {{ ref("int_identifiers_used") }}
),

memberships as (
    select
        {{ record_id("'hubspot'", "'contacts'", "contact_id") }} as contact_record_id,
        {{ record_id("'hubspot'", "'companies'", "company_id") }} as company_record_id,
        case association_type_id when 1 then 1 else 2 end as preference
    from contact_companies
    union all
    select
        {{ record_id("'salesforce'", "'contacts'", "contact_id") }} as contact_record_id,
        {{ record_id("'salesforce'", "'accounts'", "company_id") }} as company_record_id,
        1 as preference
    from salesforce_contacts
    where company_id is not null
    union all
    select
        {{ record_id("'zendesk'", "'users'", "user_id") }} as contact_record_id,
        {{ record_id("'zendesk'", "'organizations'", "organization_id") }} as company_record_id,
        3 as preference
    from users
    where organization_id is not null
),

-- A record that was merged away or archived speaks only where no living one does.
ranked as (
    select
        people.component_id as contact_component_id,
        accounts.component_id as account_component_id,
        memberships.preference,
        row_number() over (
            partition by people.component_id
            order by
                memberships.preference,
                contacts.is_merged,
                contacts.is_deleted,
                memberships.contact_record_id,
                memberships.company_record_id
        ) as preference_rank
    from memberships
    inner join contacts on memberships.contact_record_id = contacts.record_id
    inner join components as people on memberships.contact_record_id = people.record_id
    inner join components as accounts on memberships.company_record_id = accounts.record_id
),

chosen as (
    select contact_component_id, account_component_id, preference
    from ranked
    where preference_rank = 1
),

-- A domain names an account if it is that of one account only, however many records the account has.
account_domains as (
    select
        identifiers.identifier,
        min(components.component_id) as account_component_id
    from identifiers
    inner join components on identifiers.record_id = components.record_id
    where
        identifiers.identifier_kind = 'domain'
        and coalesce(identifiers.suppression_reason not in ('free_mail_domain', 'hosting_domain', 'split'), true)
    group by identifiers.identifier
    having min(components.component_id) = max(components.component_id)
),

by_domain as (
    select
        components.component_id as contact_component_id,
        min(account_domains.account_component_id) as account_component_id
    from contacts
    inner join components on contacts.record_id = components.record_id
    inner join account_domains on 'domain|' || {{ email_domain("contacts.email") }} = account_domains.identifier
    left join chosen on components.component_id = chosen.contact_component_id
    where chosen.contact_component_id is null
    group by components.component_id
    having min(account_domains.account_component_id) = max(account_domains.account_component_id)
),

final as (
    select
        contact_component_id,
        account_component_id,
        case preference
            when 1 then 'primary_company'
            when 2 then 'other_company'
            else 'organization'
        end as account_rule
    from chosen
    union all
    select
        contact_component_id,
        account_component_id,
        'domain' as account_rule
    from by_domain
)

select * from final
