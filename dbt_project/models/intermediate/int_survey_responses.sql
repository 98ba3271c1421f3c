with

responses as (
    select * from {{ ref("stg_qualtrics__responses") }}
),

file_answers as (
    select * from {{ ref("stg_files__survey_answers") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

qualtrics_responses as (
    select
        'qualtrics' as source_system,
        survey_id,
        response_id,
        recipient_email as email,
        person_number,
        order_number,
        ticket_id,
        language_code,
        duration_seconds,
        is_finished and not is_deleted
        and coalesce(distribution_channel not in ('preview', 'test'), true) as is_kept,
        recorded_at as submitted_at,
        answers
    from responses
),

file_responses as (
    select
        'files' as source_system,
        survey_id,
        response_id,
        max(email) as email,
        max(person_number) as person_number,
        max(order_number) as order_number,
        max(ticket_id) as ticket_id,
        max(language_code) as language_code,
        cast(null as bigint) as duration_seconds,
        true as is_kept,
        min(answered_at) as submitted_at,
        cast(null as varchar) as answers
    from file_answers
    group by survey_id, response_id
),

unioned as (
    select * from qualtrics_responses
    union all
    select * from file_responses
),

identified as (
    select
        *,
        {{ normalized_email("email") }} as normal_email,
        {{ normalized_number("person_number") }} as normal_number
    from unioned
    where submitted_at < {{ as_of_until() }}
),

keyed as (
    select
        *,
        {{ surrogate_key(["source_system", "survey_id", "response_id"]) }} as response_key,
        case source_system when 'files' then 'people' else 'respondents' end as respondent_object,
        case
            when normal_email is not null or normal_number is not null
                then {{ surrogate_key(["normal_email", "normal_number"]) }}
        end as respondent_id
    from identified
),

final as (
    select
        keyed.response_key,
        keyed.source_system,
        keyed.survey_id as survey_key,
        keyed.response_id,
        identity.customer_key,
        identity.contact_key,
        coalesce(identity.contact_key, keyed.response_key) as respondent_key,
        keyed.submitted_at,
        keyed.order_number,
        keyed.ticket_id,
        keyed.language_code,
        keyed.duration_seconds,
        keyed.is_kept,
        keyed.answers
    from keyed
    left join identity
        on
            keyed.respondent_id = identity.source_id
            and keyed.source_system = identity.source_system and keyed.respondent_object = identity.source_object
)

select * from final
