with

source as (
    {{ latest_version(source("qualtrics", "directory_contacts"), record_id=["directory_id", "id"]) }}
),

-- Who is not in the last list was taken out of the directory; the invitations stay.
listed as (
    {{ last_census(source("qualtrics", "directory_contacts"), record_id=["directory_id", "id"]) }}
),

renamed as (
    select
        source.directory_id,
        source.id as contact_id,

        source.email,
        source.person_number,
        source.language as language_code,

        coalesce(source.is_unsubscribed, false) as is_unsubscribed,
        listed.id is null as is_deleted
    from source
    left join listed on source.directory_id = listed.directory_id and source.id = listed.id
)

select * from renamed
