with

versions as (
    {{ known_versions(source("salesforce", "contacts"), version="updated_at") }}
),

renamed as (
    select
        id as contact_id,

        first_name,
        last_name,
        coalesce(mailing_country_code, mailing_country) as country,

        known_from,
        updated_at
    from versions
)

select * from renamed
