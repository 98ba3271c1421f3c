with

contacts as (
    select * from {{ ref("stg_hubspot__contacts") }}
),

salesforce_contacts as (
    select * from {{ ref("stg_salesforce__contacts") }}
),

users as (
    select * from {{ ref("stg_zendesk__users") }}
),

unioned as (
    -- HubSpot leaves the opt-out empty until somebody opts out.
    select
        {{ record_id("'hubspot'", "'contacts'", "contact_id") }} as record_id,
        job_title,
        language_code as language,
        coalesce(is_opted_out, false) as is_opted_out
    from contacts
    union all
    select
        {{ record_id("'salesforce'", "'contacts'", "contact_id") }} as record_id,
        job_title,
        cast(null as varchar) as language,
        is_opted_out
    from salesforce_contacts
    union all
    select
        {{ record_id("'zendesk'", "'users'", "user_id") }} as record_id,
        cast(null as varchar) as job_title,
        locale as language,
        cast(null as boolean) as is_opted_out
    from users
),

final as (
    select
        record_id,
        -- An address typed into the title is no title, and is not published.
        case when job_title not like '%@%' then nullif(trim(job_title), '') end as job_title,
        nullif(lower(replace(trim(language), '_', '-')), '') as language,
        is_opted_out
    from unioned
)

select * from final
