with

source as (
    select
        *,
        row_number() over (
            partition by id, last_modified_at
            order by _as_of_date desc, _page desc, _line desc
        ) as landing_rank
    from {{ source("qualtrics", "survey_definitions") }}
    where _as_of_date <= {{ as_of_date() }} and last_modified_at < {{ as_of_until() }}
),

compared as (
    select
        *,
        row_number() over survey_history as definition_number,
        lag(questions) over survey_history as questions_before
    from source
    where landing_rank = 1
    window survey_history as (partition by id order by last_modified_at)
),

-- A survey that was saved or published with the same questions as before is the same version.
renamed as (
    select
        id as survey_id,
        row_number() over (partition by id order by last_modified_at) as version_number,

        questions,

        last_modified_at as changed_at
    from compared
    where definition_number = 1 or questions is distinct from questions_before
)

select * from renamed
