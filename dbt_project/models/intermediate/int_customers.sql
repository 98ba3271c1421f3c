with

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

contacts as (
    select * from {{ ref("int_contacts_unioned") }}
),

companies as (
    select * from {{ ref("int_companies_unioned") }}
),

order_lines as (
    select * from {{ ref("int_order_lines") }}
),

company_profiles as (
    select
        record_id,
        company_name as name,
        industry,
        market_segment,
        country,
        case
            when n_employees < 10 then '1-9'
            when n_employees < 50 then '10-49'
            when n_employees < 250 then '50-249'
            when n_employees >= 250 then '250+'
        end as size_band,
        is_merged,
        is_deleted,
        updated_at
    from companies
),

contact_profiles as (
    select
        record_id,
        contact_name as name,
        cast(null as varchar) as industry,
        cast(null as varchar) as market_segment,
        country,
        cast(null as varchar) as size_band,
        is_merged,
        is_deleted,
        updated_at
    from contacts
),

profiles as (
    select * from company_profiles
    union all
    select * from contact_profiles
),

-- A customer is described by its account's records, or by the person's own where there is no account.
described as (
    select
        identity.customer_key,
        identity.entity,
        profiles.*,
        (
            case when profiles.name is not null then 1 else 0 end
            + case when profiles.industry is not null then 1 else 0 end
            + case when profiles.market_segment is not null then 1 else 0 end
            + case when profiles.country is not null then 1 else 0 end
            + case when profiles.size_band is not null then 1 else 0 end
        ) as n_known_fields
    from identity
    inner join profiles on identity.record_id = profiles.record_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_key
            order by entity, is_merged, is_deleted, n_known_fields desc, updated_at desc nulls last, record_id
        ) as survivor_rank
    from described
),

record_facts as (
    select
        identity.customer_key,
        cast(count(distinct identity.contact_key) as bigint) as n_contacts,
        bool_or(identity.source_system in ('hubspot', 'salesforce')) as has_crm_record,
        bool_or(identity.is_merged) as is_merged,
        min(coalesce(contacts.created_at, companies.created_at)) as first_known_at
    from identity
    left join contacts on identity.record_id = contacts.record_id
    left join companies on identity.record_id = companies.record_id
    group by identity.customer_key
),

order_facts as (
    select
        customer_key,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at
    from order_lines
    where is_clean_sale
    group by customer_key
),

final as (
    select
        ranked.customer_key,
        {{ private_hash("lower(ranked.name)") }} as customer_name_hash,
        case ranked.entity when 'account' then 'account' else 'person' end as customer_type,
        ranked.industry,
        ranked.market_segment,
        ranked.country,
        ranked.size_band,
        least(record_facts.first_known_at, order_facts.first_order_at) as acquired_at,
        order_facts.first_order_at,
        order_facts.last_order_at,
        case
            when order_facts.last_order_at is null then 'prospect'
            when {{ days_between("order_facts.last_order_at", as_of_date()) }} <= {{ var("activity_window_days") }}
                then 'active'
            when {{ days_between("order_facts.last_order_at", as_of_date()) }} <= 2 * {{ var("activity_window_days") }}
                then 'lapsed'
            else 'churned'
        end as status,
        record_facts.has_crm_record,
        record_facts.n_contacts,
        record_facts.is_merged,
        {{ safe_divide("ranked.n_known_fields", 5) }} as enrichment_completeness
    from ranked
    inner join record_facts on ranked.customer_key = record_facts.customer_key
    left join order_facts on ranked.customer_key = order_facts.customer_key
    where ranked.survivor_rank = 1
)

select * from final
