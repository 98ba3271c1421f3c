with

answers as (
    select * from {{ ref("stg_files__survey_answers") }}
),

tickets as (
    select * from {{ ref("stg_files__tickets") }}
),

mentions as (
    select email, person_number, answered_at as seen_at
    from answers
    union all
    select email, person_number, created_at as seen_at
    from tickets
),

identified as (
    select
        {{ normalized_email("email") }} as email,
        {{ normalized_number("person_number") }} as person_number,
        seen_at
    from mentions
    where seen_at < {{ as_of_until() }}
),

-- A file has no record for a person: one is a pair of address and number seen in files.
final as (
    select
        {{ surrogate_key(["email", "person_number"]) }} as person_id,
        email,
        person_number,
        min(seen_at) as created_at,
        max(seen_at) as updated_at
    from identified
    where email is not null or person_number is not null
    group by email, person_number
)

select * from final
