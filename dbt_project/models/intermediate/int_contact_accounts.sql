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

final as (
    select contact_component_id, account_component_id
    from ranked
    where preference_rank = 1
)

select * from final
