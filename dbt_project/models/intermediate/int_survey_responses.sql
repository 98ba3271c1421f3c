with

responses as (
    select * from {{ ref("stg_qualtrics__responses") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

identified as (
    select
        *,
        {{ normalized_email("recipient_email") }} as email,
        {{ normalized_number("person_number") }} as respondent_number
    from responses
    where recorded_at < {{ as_of_until() }}
),

keyed as (
    select
        *,
        {{ surrogate_key(["'qualtrics'", "survey_id", "response_id"]) }} as response_key,
        case
            when email is not null or respondent_number is not null
                then {{ surrogate_key(["email", "respondent_number"]) }}
        end as respondent_id
    from identified
),

final as (
    select
        keyed.response_key,
        keyed.survey_id as survey_key,
        keyed.response_id,
        identity.customer_key,
        identity.contact_key,
        coalesce(identity.contact_key, keyed.response_key) as respondent_key,
        keyed.recorded_at as submitted_at,
        keyed.order_number,
        keyed.ticket_id,
        keyed.language_code,
        keyed.duration_seconds,
        keyed.is_finished and coalesce(keyed.distribution_channel not in ('preview', 'test'), true) as is_kept,
        keyed.answers
    from keyed
    left join identity
        on
            keyed.respondent_id = identity.source_id
            and identity.source_system = 'qualtrics' and identity.source_object = 'respondents'
)

select * from final
