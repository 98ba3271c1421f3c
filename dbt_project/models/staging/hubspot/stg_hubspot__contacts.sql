with

versions as (
    {{ latest_version(source("hubspot", "contacts"), version="updated_at") }}
),

census as (
    {{ last_census(source("hubspot", "contact_ids")) }}
),

counted as (
    {{ counted_versions(is_deleted="is_archived") }}
),

renamed as (
    select
        id as contact_id,

        email,
        firstname as first_name,
        lastname as last_name,
        phone,
        jobtitle as job_title,
        country,
        hs_language as language_code,
        lifecyclestage as lifecycle_stage,
        customer_number as person_number,
        hubspot_owner_id as owner_id,
        nullif(trim(hs_merged_object_ids), '') as merged_contact_ids,

        hs_email_optout as is_opted_out,
        is_gone as is_archived,

        created_at,
        updated_at,
        case when is_gone then archived_at end as archived_at
    from counted
)

select * from renamed
