with

identifiers as (
    select * from {{ ref("int_identifiers_used") }}
),

components as (
    select * from {{ ref("int_record_components") }}
),

contact_accounts as (
    select * from {{ ref("int_contact_accounts") }}
),

overrides as (
    select * from {{ ref("identity_override") }}
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

-- The id of a record that was merged away stands on two records: that is the merge.
marks as (
    select
        record_id,
        max(case when is_used and identifier_kind = 'override' then n_records end) as n_by_override,
        max(case when is_used and identifier_kind in ('record', 'merge') then n_records end) as n_by_merge,
        max(case when is_used and identifier_kind = 'external_id' then n_records end) as n_by_external_id,
        max(case when is_used and identifier_kind = 'email' then n_records end) as n_by_email,
        max(case when is_used and identifier_kind = 'domain' then n_records end) as n_by_domain,
        min(suppression_reason) as suppression_reason,
        bool_or(is_over_size_limit) as is_over_size_limit
    from identifiers
    where (is_used and n_records > 1) or suppression_reason is not null or is_over_size_limit
    group by record_id
),

told_apart as (
    select trim(record_id) as record_id
    from overrides
    where action in ('split', 'exclude')
    group by trim(record_id)
),

excluded_components as (
    select components.component_id
    from overrides
    inner join components on trim(overrides.record_id) = components.record_id
    where overrides.action = 'exclude'
    group by components.component_id
),

component_sizes as (
    select component_id, cast(count(*) as integer) as component_size
    from components
    group by component_id
),

keyed as (
    select
        records.*,
        component_sizes.component_size,
        contact_accounts.account_rule,
        marks.n_by_override,
        marks.n_by_merge,
        marks.n_by_external_id,
        marks.n_by_email,
        marks.n_by_domain,
        marks.suppression_reason,
        coalesce(marks.is_over_size_limit, false) as is_over_size_limit,
        own_exclusions.component_id is not null or account_exclusions.component_id is not null as is_excluded,
        told_apart.record_id is not null or marks.n_by_override > 1 as is_decided,
        case when records.entity = 'contact' then md5('contact|' || components.component_id) end as contact_key,
        case
            when records.entity = 'account' then md5('account|' || components.component_id)
            else md5('account|' || contact_accounts.account_component_id)
        end as account_key
    from records
    inner join components on records.record_id = components.record_id
    inner join component_sizes on components.component_id = component_sizes.component_id
    left join contact_accounts on components.component_id = contact_accounts.contact_component_id
    left join marks on records.record_id = marks.record_id
    left join told_apart on records.record_id = told_apart.record_id
    left join excluded_components as own_exclusions on components.component_id = own_exclusions.component_id
    left join excluded_components as account_exclusions
        on contact_accounts.account_component_id = account_exclusions.component_id
),

ruled as (
    select
        *,
        case
            when n_by_override > 1 then 'override'
            when n_by_merge > 1 then 'merge'
            when n_by_external_id > 1 then 'external_id'
            when n_by_email > 1 then 'email'
            when n_by_domain > 1 then 'domain'
            else 'unlinked'
        end as match_rule
    from keyed
),

final as (
    select
        record_id,
        entity,
        source_system,
        source_object,
        source_id,
        case when not is_excluded then contact_key end as contact_key,
        case when not is_excluded then account_key end as account_key,
        {% if var("customer_grain") == "person" -%}
        case when not is_excluded then coalesce(contact_key, account_key) end as customer_key,
        {%- else -%}
        case when not is_excluded then coalesce(account_key, contact_key) end as customer_key,
        {%- endif %}
        md5(entity || '|' || record_id) as standalone_customer_key,
        match_rule,
        case match_rule
            when 'override' then cast(1.00 as double)
            when 'merge' then cast(0.99 as double)
            when 'external_id' then cast(0.95 as double)
            when 'email' then cast(0.90 as double)
            when 'domain' then cast(0.70 as double)
        end as match_confidence,
        '{'
        || substr(
            {%- for rule in ["override", "merge", "external_id", "email", "domain"] %}
            {{ "|| " if not loop.first -}}
            case when n_by_{{ rule }} > 1 then ', "{{ rule }}": ' || cast(n_by_{{ rule }} as varchar) else '' end
            {%- endfor %}
            || coalesce(', "account": "' || account_rule || '"', '')
            || coalesce(', "email_hash": "' || {{ private_hash("email") }} || '"', ''),
            3
        )
        || '}' as match_evidence,
        account_rule,
        component_size,
        suppression_reason is not null as is_suppressed,
        suppression_reason,
        is_over_size_limit,
        is_excluded,
        case when is_excluded or coalesce(is_decided, false) then 'human' else 'rule' end as decided_by,
        is_merged
    from ruled
)

select * from final
