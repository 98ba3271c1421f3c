with

versions as (
    {{ latest_version(source("salesforce", "contacts"), version="updated_at") }}
),

census as (
    {{ last_census(source("salesforce", "contact_ids")) }}
),

counted as (
    {{ counted_versions() }}
),

renamed as (
    select
        id as contact_id,
        account_id as company_id,

        email,
        first_name,
        last_name,
        phone,
        title as job_title,
        coalesce(mailing_country_code, mailing_country) as country,
        person_number,
        owner_id,
        master_record_id as master_contact_id,

        has_opted_out_of_email as is_opted_out,
        is_gone as is_archived,

        created_at,
        updated_at
    from counted
)

select * from renamed
