with

source as (
    {{ latest_version(source("qualtrics", "surveys"), version="last_modified_at") }}
),

-- Every night lists all surveys: one that is not in the last list was deleted, or is out of our reach.
listed as (
    {{ last_census(source("qualtrics", "surveys")) }}
),

renamed as (
    select
        source.id as survey_id,

        source.name as survey_name,

        coalesce(source.is_active, true) and listed.id is not null as is_active,

        source.created_at,
        source.last_modified_at
    from source
    left join listed on source.id = listed.id
)

select * from renamed
