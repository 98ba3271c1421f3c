with

identifiers as (
    select * from {{ ref("int_record_identifiers") }}
),

components as (
    select * from {{ ref("int_record_components") }}
),

contact_accounts as (
    select * from {{ ref("int_contact_accounts") }}
),

contacts as (
    select record_id, source_system, source_object, source_id, 'contact' as entity, email, is_merged
    from {{ ref("int_contacts_unioned") }}
),

companies as (
    select
        record_id, source_system, source_object, source_id, 'account' as entity, cast(null as varchar) as email,
        is_merged
    from {{ ref("int_companies_unioned") }}
),

records as (
    select * from contacts
    union all
    select * from companies
),

identifier_uses as (
    select
        record_id,
        identifier_kind,
        count(*) over (partition by identifier) as n_records
    from identifiers
),

matches as (
    select
        record_id,
        bool_or(identifier_kind = 'record') as is_by_merge,
        bool_or(identifier_kind = 'external_id') as is_by_external_id,
        bool_or(identifier_kind = 'email') as is_by_email
    from identifier_uses
    where n_records > 1
    group by record_id
),

component_sizes as (
    select component_id, cast(count(*) as integer) as component_size
    from components
    group by component_id
),

keyed as (
    select
        records.*,
        components.component_id,
        component_sizes.component_size,
        coalesce(matches.is_by_merge, false) as is_by_merge,
        coalesce(matches.is_by_external_id, false) as is_by_external_id,
        coalesce(matches.is_by_email, false) as is_by_email,
        case when records.entity = 'contact' then md5('contact|' || components.component_id) end as contact_key,
        case
            when records.entity = 'account' then md5('account|' || components.component_id)
            else md5('account|' || contact_accounts.account_component_id)
        end as account_key
    from records
    inner join components on records.record_id = components.record_id
    inner join component_sizes on components.component_id = component_sizes.component_id
    left join matches on records.record_id = matches.record_id
    left join contact_accounts on components.component_id = contact_accounts.contact_component_id
),

final as (
    select
        record_id,
        entity,
        source_system,
        source_object,
        source_id,
        contact_key,
        account_key,
        {% if var("customer_grain") == "person" -%}
        coalesce(contact_key, account_key) as customer_key,
        {%- else -%}
        coalesce(account_key, contact_key) as customer_key,
        {%- endif %}
        case
            when is_by_merge then 'merge'
            when is_by_external_id then 'external_id'
            when is_by_email then 'email'
            else 'unlinked'
        end as match_rule,
        '{"merge": ' || cast(is_by_merge as varchar)
        || ', "external_id": ' || cast(is_by_external_id as varchar)
        || ', "email": ' || cast(is_by_email as varchar)
        || coalesce(', "email_hash": "' || {{ private_hash("email") }} || '"', '')
        || '}' as match_evidence,
        component_size,
        is_merged
    from keyed
)

select * from final
