with

known as (
    select
        *,
        min(_as_of_date) over (partition by survey_id, response_id) as first_landed_date
    from {{ source("files", "survey_answers") }}
    where _as_of_date <= {{ as_of_date() }}
),

source as (
    {{ latest_version("known", record_id=["survey_id", "response_id", "question"]) }}
),

members as (
    select
        *,
        unnest({{ json_members("answers") }}) as member
    from source
),

-- One file may have a row a response and another a row an answer: of the same question the later one counts.
ranked as (
    select
        *,
        row_number() over (
            partition by survey_id, response_id, member.key
            order by _as_of_date desc, _page desc, _line desc
        ) as answer_rank
    from members
),

renamed as (
    select
        survey_id,
        response_id,
        member.key as question,

        member.value as answer,
        email,
        person_number,
        order_number,
        ticket_id,
        language as language_code,

        coalesce(answered_at, cast(first_landed_date as timestamp)) as answered_at
    from ranked
    where answer_rank = 1
)

select * from renamed
