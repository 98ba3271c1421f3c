with

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

companies as (
    select * from {{ ref("int_companies_unioned") }}
),

contacts as (
    select * from {{ ref("int_contacts_unioned") }}
),

records as (
    select
        identity.customer_key,
        identity.entity,
        coalesce(companies.is_deleted, contacts.is_deleted, false) as is_deleted
    from identity
    left join companies on identity.record_id = companies.record_id
    left join contacts on identity.record_id = contacts.record_id
    where
        identity.customer_key is not null
        and identity.source_system in ('hubspot', 'salesforce')
        and not coalesce(companies.is_merged, contacts.is_merged, false)
),

counted as (
    select
        customer_key,
        count(case when entity = 'account' then 1 end) as n_accounts,
        count(case when entity = 'account' and not is_deleted then 1 end) as n_living_accounts,
        count(case when not is_deleted then 1 end) as n_living_records
    from records
    group by customer_key
),

-- Where there is an account, it is the customer: its people may stay in the CRM when it has gone.
final as (
    select customer_key
    from counted
    where case when n_accounts > 0 then n_living_accounts = 0 else n_living_records = 0 end
)

select * from final
