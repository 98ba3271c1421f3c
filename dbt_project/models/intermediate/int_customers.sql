{%- set profile_fields = ["name", "industry", "market_segment", "country", "size_band"] -%}

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

spellings as (
    select * from {{ ref("int_country_spellings") }}
),

company_profiles as (
    select
        record_id,
        company_name as name,
        industry,
        market_segment,
        country,
        {{ size_band("n_employees") }} as size_band,
        lead_source,
        parent_record_id,
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
        cast(null as varchar) as lead_source,
        cast(null as varchar) as parent_record_id,
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
        identity.account_key,
        identity.entity,
        profiles.*,
        (
            {%- for field in profile_fields %}
            {{ "+ " if not loop.first }}case when profiles.{{ field }} is not null then 1 else 0 end
            {%- endfor %}
        ) as n_known_fields
    from identity
    inner join profiles on identity.record_id = profiles.record_id
    where identity.customer_key is not null
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

-- A person is what its account is; of two countries its own comes first.
placed as (
    select
        ranked.customer_key,
        ranked.account_key,
        ranked.entity,
        ranked.name,
        coalesce(ranked.industry, accounts.industry) as industry,
        coalesce(ranked.market_segment, accounts.market_segment) as market_segment,
        coalesce(ranked.country, accounts.country) as country,
        coalesce(ranked.size_band, accounts.size_band) as size_band,
        coalesce(ranked.lead_source, accounts.lead_source) as lead_source,
        ranked.parent_record_id
    from ranked
    left join ranked as accounts on ranked.account_key = accounts.customer_key and accounts.survivor_rank = 1
    where ranked.survivor_rank = 1
),

record_facts as (
    select
        identity.customer_key,
        cast(count(distinct identity.contact_key) as bigint) as n_contacts,
        bool_or(identity.source_system in ('hubspot', 'salesforce')) as has_crm_record,
        bool_or(identity.is_merged or identity.match_rule is not distinct from 'override') as is_merged,
        min(coalesce(contacts.created_at, companies.created_at)) as first_known_at
    from identity
    left join contacts on identity.record_id = contacts.record_id
    left join companies on identity.record_id = companies.record_id
    where identity.customer_key is not null
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

first_orders as (
    select customer_key, min(channel) as acquisition_channel
    from order_lines
    where is_first_order and is_clean_sale
    group by customer_key
),

final as (
    select
        placed.customer_key,
        {{ private_hash("lower(placed.name)") }} as customer_name_hash,
        case placed.entity when 'account' then 'account' else 'person' end as customer_type,
        placed.industry,
        placed.market_segment,
        coalesce(spellings.country_code, placed.country) as country,
        spellings.region,
        spellings.culture_cluster,
        placed.size_band,
        placed.lead_source,
        first_orders.acquisition_channel,
        -- A person belongs to its account. A record that names itself as its parent has none.
        nullif(parent_facts.customer_key, placed.customer_key) as parent_customer_key,
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
        (
            {%- for field in profile_fields %}
            {{ "+ " if not loop.first }}case when placed.{{ field }} is not null then cast(1 as double) else 0 end
            {%- endfor %}
        ) / {{ profile_fields | length }} as enrichment_completeness
    from placed
    inner join record_facts on placed.customer_key = record_facts.customer_key
    left join order_facts on placed.customer_key = order_facts.customer_key
    left join first_orders on placed.customer_key = first_orders.customer_key
    left join identity as parents on placed.parent_record_id = parents.record_id
    left join record_facts as parent_facts
        on coalesce(parents.customer_key, placed.account_key) = parent_facts.customer_key
    left join spellings on lower(trim(placed.country)) = spellings.spelling
)

select * from final
