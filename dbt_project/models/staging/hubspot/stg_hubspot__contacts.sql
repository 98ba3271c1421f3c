with

source as (
    {{ latest_version(source("hubspot", "contacts"), version="updated_at") }}
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
        hs_merged_object_ids as merged_contact_ids,

        coalesce(is_archived, false) as is_archived,

        created_at,
        updated_at,
        archived_at
    from source
)

select * from renamed
