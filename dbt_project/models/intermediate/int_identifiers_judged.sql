with

identifiers as (
    select * from {{ ref("int_record_identifiers") }}
),

contacts as (
    select * from {{ ref("int_contacts_unioned") }}
),

companies as (
    select * from {{ ref("int_companies_unioned") }}
),

shared_mailboxes as (
    select * from {{ ref("shared_mailbox") }}
),

free_domains as (
    select * from {{ ref("free_mail_domain") }}
),

overrides as (
    select * from {{ ref("identity_override") }}
),

splits as (
    select trim(record_id) as record_id
    from overrides
    where action = 'split'
    group by trim(record_id)
),

-- A record that was merged away no longer speaks for its address or domain.
addresses_by_source as (
    select
        email,
        count(*) filter (where not is_merged) as n_records,
        min(person_number) filter (where not is_merged)
        <> max(person_number) filter (where not is_merged) as has_two_numbers,
        min(lower(contact_name)) filter (where not is_merged)
        <> max(lower(contact_name)) filter (where not is_merged) as has_two_names
    from contacts
    where email is not null
    group by email, source_system, source_object
),

addresses as (
    select
        email,
        coalesce(bool_or(has_two_numbers), false) as has_two_numbers,
        coalesce(
            bool_or(has_two_names and n_records > {{ var("identity_mailbox_limit") }}), false
        ) as is_of_many
    from addresses_by_source
    group by email
),

judged_addresses as (
    select
        'email|' || addresses.email as identifier,
        case
            when shared_mailboxes.local_part is not null then 'role_address'
            when addresses.has_two_numbers then 'two_person_numbers'
            when addresses.is_of_many then 'address_of_many'
        end as reason
    from addresses
    left join shared_mailboxes on {{ email_local_part("addresses.email") }} = shared_mailboxes.local_part
),

domains_by_source as (
    select
        identifiers.identifier,
        count(*) filter (where not companies.is_merged) as n_records
    from identifiers
    inner join companies on identifiers.record_id = companies.record_id
    where identifiers.identifier_kind = 'domain'
    group by identifiers.identifier, companies.source_system, companies.source_object
),

domains as (
    select
        identifier,
        max(n_records) as n_records
    from domains_by_source
    group by identifier
),

judged_domains as (
    select
        domains.identifier,
        case
            when free_domains.domain is not null then free_domains.kind || '_domain'
            when domains.n_records > {{ var("identity_domain_limit") }} then 'domain_of_many'
        end as reason
    from domains
    left join free_domains on domains.identifier = 'domain|' || free_domains.domain
),

judged as (
    select * from judged_addresses
    where reason is not null
    union all
    select * from judged_domains
    where reason is not null
),

-- A split record has no identifier but its own id, and nobody else claims that id as one of theirs.
reasoned as (
    select
        identifiers.*,
        case
            when identifiers.identifier_kind not in ('record', 'override') and splits.record_id is not null then 'split'
            when identifiers.identifier_kind = 'merge' and losers.record_id is not null then 'split'
            else judged.reason
        end as suppression_reason
    from identifiers
    left join splits on identifiers.record_id = splits.record_id
    left join splits as losers on identifiers.identifier = losers.record_id
    left join judged on identifiers.identifier = judged.identifier
),

final as (
    select
        *,
        count(*) over (partition by identifier, suppression_reason is null) as n_records
    from reasoned
)

select * from final
