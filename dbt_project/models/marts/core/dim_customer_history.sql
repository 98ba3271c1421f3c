{%- set description = [
    "industry", "market_segment", "country", "region", "culture_cluster", "size_band", "lead_source",
    "parent_customer_key",
] -%}

with

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

versions as (
    select * from {{ ref("int_profile_versions") }}
),

spellings as (
    select * from {{ ref("int_country_spellings") }}
),

customer_records as (
    select
        customer_key,
        account_key,
        record_id,
        entity = min(entity) over (partition by customer_key) as is_describing
    from identity
    where customer_key is not null
),

own_records as (
    select customer_key, account_key, record_id
    from customer_records
    where is_describing
),

persons as (
    select distinct customer_key, account_key
    from own_records
    where account_key <> customer_key
),

-- As in int_customers: where customers are persons, one is what its account is.
describing_records as (
    select customer_key, record_id, true as is_own
    from own_records
    union all
    select persons.customer_key, own_records.record_id, false as is_own
    from persons
    inner join own_records on persons.account_key = own_records.customer_key
),

described as (
    select
        describing_records.customer_key,
        describing_records.is_own,
        versions.*
    from describing_records
    inner join versions on describing_records.record_id = versions.record_id
),

nights as (
    select distinct customer_key, known_from as night
    from described
),

ranked as (
    select
        nights.customer_key,
        nights.night,
        described.is_own,
        described.industry,
        described.market_segment,
        described.country,
        described.size_band,
        described.lead_source,
        described.parent_record_id,
        row_number() over (
            partition by nights.customer_key, nights.night, described.is_own
            order by
                described.is_merged, described.is_deleted, described.n_known_fields desc,
                described.updated_at desc nulls last, described.record_id
        ) as survivor_rank
    from nights
    inner join described
        on
            nights.customer_key = described.customer_key
            and nights.night >= described.known_from
            and (nights.night < described.known_to or described.known_to is null)
),

placed as (
    select
        own.customer_key,
        own.night,
        persons.account_key,
        own.parent_record_id,
        coalesce(own.industry, accounts.industry) as industry,
        coalesce(own.market_segment, accounts.market_segment) as market_segment,
        coalesce(own.country, accounts.country) as country,
        coalesce(own.size_band, accounts.size_band) as size_band,
        coalesce(own.lead_source, accounts.lead_source) as lead_source
    from ranked as own
    left join persons on own.customer_key = persons.customer_key
    left join ranked as accounts
        on
            own.customer_key = accounts.customer_key and own.night = accounts.night
            and not accounts.is_own and accounts.survivor_rank = 1
    where own.is_own and own.survivor_rank = 1
),

customers as (
    select distinct customer_key
    from customer_records
),

looked_up as (
    select
        placed.customer_key,
        placed.night,
        placed.industry,
        placed.market_segment,
        coalesce(spellings.country_code, placed.country) as country,
        spellings.region,
        spellings.culture_cluster,
        placed.size_band,
        placed.lead_source,
        nullif(customers.customer_key, placed.customer_key) as parent_customer_key
    from placed
    left join identity as parents on placed.parent_record_id = parents.record_id
    left join customers on coalesce(parents.customer_key, placed.account_key) = customers.customer_key
    left join spellings on lower(trim(placed.country)) = spellings.spelling
),

compared as (
    select
        *,
        {{ surrogate_key(description) }} as description_key,
        lag({{ surrogate_key(description) }}) over (partition by customer_key order by night) as description_key_before
    from looked_up
),

stretches as (
    select
        *,
        lead(night) over (partition by customer_key order by night) as valid_to,
        row_number() over (partition by customer_key order by night) as stretch_number
    from compared
    where description_key is distinct from description_key_before
),

final as (
    select
        customer_key,
        night as valid_from,
        valid_to,
        valid_to is null as is_current,
        stretch_number = 1 as is_first,
        {{ description | join(",\n        ") }},
        {{ lineage_columns() }}
    from stretches
)

select * from final
