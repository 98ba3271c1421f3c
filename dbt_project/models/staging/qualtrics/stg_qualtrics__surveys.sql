with

source as (
    {{ latest_version(source("qualtrics", "surveys"), version="last_modified_at") }}
),

renamed as (
    select
        id as survey_id,

        name as survey_name,

        coalesce(is_active, true) as is_active,

        created_at,
        last_modified_at
    from source
)

select * from renamed
