with

identifiers as (
    select * from {{ ref("int_identifiers_judged") }}
),

chains as (
    select record_id, component_id as chain_id
    from {{ ref("int_record_chains") }}
),

companies as (
    select * from {{ ref("int_companies_unioned") }}
),

large_chains as (
    select chain_id
    from chains
    group by chain_id
    having count(*) > {{ var("identity_component_limit") }}
),

domain_chains as (
    select chains.chain_id
    from identifiers
    inner join chains on identifiers.record_id = chains.record_id
    where
        identifiers.identifier_kind = 'domain' and identifiers.n_records > 1
        and identifiers.suppression_reason is null
    group by chains.chain_id
),

numbered_twice as (
    select chains.chain_id
    from companies
    inner join chains on companies.record_id = chains.record_id
    where not companies.is_merged
    group by chains.chain_id
    having min(companies.customer_number) <> max(companies.customer_number)
),

families as (
    select children.chain_id
    from companies
    inner join chains as children on companies.record_id = children.record_id
    inner join chains as parents on companies.parent_record_id = parents.record_id
    where children.chain_id = parents.chain_id and companies.parent_record_id <> companies.record_id
    group by children.chain_id
),

-- Two customers may share a domain, as a group and its subsidiary do: then it proves nothing about the rest either.
contested_chains as (
    select domain_chains.chain_id
    from domain_chains
    left join numbered_twice on domain_chains.chain_id = numbered_twice.chain_id
    left join families on domain_chains.chain_id = families.chain_id
    where numbered_twice.chain_id is not null or families.chain_id is not null
),

-- Few records stand in such chains: the many others are not looked up twice.
relinked as (
    select
        chains.record_id,
        large_chains.chain_id is not null as is_large,
        contested_chains.chain_id is not null as is_contested
    from chains
    left join large_chains on chains.chain_id = large_chains.chain_id
    left join contested_chains on chains.chain_id = contested_chains.chain_id
    where large_chains.chain_id is not null or contested_chains.chain_id is not null
),

final as (
    select
        identifiers.record_id,
        identifiers.entity,
        identifiers.identifier_kind,
        identifiers.identifier,
        identifiers.n_records,
        case
            when identifiers.suppression_reason is not null then identifiers.suppression_reason
            when relinked.is_contested and identifiers.identifier_kind = 'domain' and identifiers.n_records > 1
                then 'contested_domain'
        end as suppression_reason,
        coalesce(relinked.is_large, false) as is_over_size_limit,
        identifiers.suppression_reason is null
        and case
            when relinked.is_large then identifiers.identifier_kind in ('record', 'merge', 'override')
            when relinked.is_contested then identifiers.identifier_kind <> 'domain'
            else true
        end as is_used,
        relinked.record_id is not null as is_relinked
    from identifiers
    left join relinked on identifiers.record_id = relinked.record_id
)

select * from final
