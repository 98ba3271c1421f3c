with

answers as (
    select * from {{ ref("stg_files__survey_answers") }}
),

tickets as (
    select * from {{ ref("stg_files__tickets") }}
),

question_map as (
    select * from {{ ref("question_map") }}
),

-- Agents and managers who answer a survey of their own are nobody's customers.
surveys_of_our_people as (
    select survey_key
    from question_map
    group by survey_key
    having count(case when respondent_role = 'customer' then 1 end) = 0
),

mentions as (
    select answers.email, answers.person_number, answers.answered_at as seen_at
    from answers
    left join surveys_of_our_people on answers.survey_id = surveys_of_our_people.survey_key
    where surveys_of_our_people.survey_key is null
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
