with

hubspot_companies as (
    select * from {{ ref("stg_hubspot__company_versions") }}
),

salesforce_accounts as (
    select * from {{ ref("stg_salesforce__account_versions") }}
),

hubspot_contacts as (
    select * from {{ ref("stg_hubspot__contact_versions") }}
),

salesforce_contacts as (
    select * from {{ ref("stg_salesforce__contact_versions") }}
),

companies as (
    select * from {{ ref("int_companies_unioned") }}
),

contacts as (
    select * from {{ ref("int_contacts_unioned") }}
),

loads as (
    select * from {{ source("ops", "loads") }}
),

company_versions as (
    {%- for system, object in [("hubspot", "companies"), ("salesforce", "accounts")] %}
    select
        {{ record_id("'" ~ system ~ "'", "'" ~ object ~ "'", "company_id") }} as record_id,
        nullif(trim(name), '') as name,
        industry,
        market_segment,
        country,
        {{ size_band("n_employees") }} as size_band,
        nullif(trim(lead_source), '') as lead_source,
        {{ record_id("'" ~ system ~ "'", "'" ~ object ~ "'", "nullif(trim(parent_company_id), '')") }}
            as parent_record_id,
        known_from,
        updated_at
    from {{ system }}_{{ object }}
    {{- "\n    union all" if not loop.last }}
    {%- endfor %}
),

contact_versions as (
    {%- for system in ["hubspot", "salesforce"] %}
    select
        {{ record_id("'" ~ system ~ "'", "'contacts'", "contact_id") }} as record_id,
        nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '') as name,
        country,
        known_from,
        updated_at
    from {{ system }}_contacts
    {{- "\n    union all" if not loop.last }}
    {%- endfor %}
),

first_night as (
    select coalesce(min(as_of_date), {{ as_of_date() }}) as night
    from loads
    where as_of_date <= {{ as_of_date() }}
),

-- Help desk, surveys and files describe nobody: their records have one version, from the day they were made.
undescribed as (
    select record_id, company_name as name, created_at, updated_at, is_merged, is_deleted
    from companies
    where source_system not in ('hubspot', 'salesforce')
    union all
    select record_id, contact_name as name, created_at, updated_at, is_merged, is_deleted
    from contacts
    where source_system not in ('hubspot', 'salesforce')
),

unioned as (
    select
        company_versions.record_id,
        company_versions.name,
        company_versions.industry,
        company_versions.market_segment,
        company_versions.country,
        company_versions.size_band,
        company_versions.lead_source,
        company_versions.parent_record_id,
        companies.is_merged,
        companies.is_deleted,
        company_versions.known_from,
        company_versions.updated_at
    from company_versions
    inner join companies on company_versions.record_id = companies.record_id
    union all
    select
        contact_versions.record_id,
        contact_versions.name,
        cast(null as varchar) as industry,
        cast(null as varchar) as market_segment,
        contact_versions.country,
        cast(null as varchar) as size_band,
        cast(null as varchar) as lead_source,
        cast(null as varchar) as parent_record_id,
        contacts.is_merged,
        contacts.is_deleted,
        contact_versions.known_from,
        contact_versions.updated_at
    from contact_versions
    inner join contacts on contact_versions.record_id = contacts.record_id
    union all
    select
        undescribed.record_id,
        undescribed.name,
        cast(null as varchar) as industry,
        cast(null as varchar) as market_segment,
        cast(null as varchar) as country,
        cast(null as varchar) as size_band,
        cast(null as varchar) as lead_source,
        cast(null as varchar) as parent_record_id,
        undescribed.is_merged,
        undescribed.is_deleted,
        least(
            greatest(coalesce(cast(undescribed.created_at as date), first_night.night), first_night.night),
            {{ as_of_date() }}
        ) as known_from,
        undescribed.updated_at
    from undescribed
    cross join first_night
),

final as (
    select
        *,
        lead(known_from) over (partition by record_id order by known_from) as known_to,
        (
            {%- for field in ["name", "industry", "market_segment", "country", "size_band"] %}
            {{ "+ " if not loop.first }}case when {{ field }} is not null then 1 else 0 end
            {%- endfor %}
        ) as n_known_fields
    from unioned
)

select * from final
