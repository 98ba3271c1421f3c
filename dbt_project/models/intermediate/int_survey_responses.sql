with

responses as (
    select * from {{ ref("stg_qualtrics__responses") }}
),

recipients as (
    select * from {{ ref("stg_qualtrics__invitations") }}
),

distributions as (
    select * from {{ ref("stg_qualtrics__distributions") }}
),

file_answers as (
    select * from {{ ref("stg_files__survey_answers") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

versions as (
    select * from {{ ref("int_survey_versions") }}
),

-- A reminder leads to the same invitation.
led_to as (
    select
        recipients.survey_id,
        recipients.response_id,
        min(coalesce(distributions.parent_distribution_id, recipients.distribution_id)) as distribution_id
    from recipients
    left join distributions on recipients.distribution_id = distributions.distribution_id
    where recipients.response_id is not null
    group by recipients.survey_id, recipients.response_id
),

qualtrics_responses as (
    select
        'qualtrics' as source_system,
        responses.survey_id,
        responses.response_id,
        responses.recipient_email as email,
        responses.person_number,
        responses.order_number,
        responses.ticket_id,
        responses.language_code,
        responses.duration_seconds,
        responses.is_finished,
        responses.is_finished and not responses.is_deleted
        and coalesce(responses.distribution_channel not in ('preview', 'test'), true) as is_complete,
        led_to.distribution_id,
        responses.started_at,
        responses.recorded_at as submitted_at,
        responses.answers
    from responses
    left join led_to on responses.survey_id = led_to.survey_id and responses.response_id = led_to.response_id
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
        true as is_finished,
        true as is_complete,
        cast(null as varchar) as distribution_id,
        cast(null as timestamp) as started_at,
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

of_people as (
    select
        keyed.*,
        identity.customer_key,
        identity.contact_key,
        versions.version_number as definition_version
    from keyed
    left join identity
        on
            keyed.respondent_id = identity.source_id
            and keyed.source_system = identity.source_system and keyed.respondent_object = identity.source_object
    left join versions
        on
            keyed.source_system = 'qualtrics' and keyed.survey_id = versions.survey_key
            and keyed.submitted_at >= coalesce(versions.valid_from, cast('0001-01-01' as timestamp))
            and keyed.submitted_at < coalesce(versions.valid_to, {{ as_of_until() }})
),

-- The same person about the same thing: twice within a day, or by one invitation and its reminder.
repeated as (
    select
        response_key,
        row_number() over (
            partition by survey_id, contact_key, order_number, ticket_id, cast(submitted_at as date)
            order by submitted_at, response_key
        ) as number_of_the_day,
        row_number() over (
            partition by survey_id, contact_key, order_number, ticket_id, coalesce(distribution_id, response_key)
            order by submitted_at, response_key
        ) as number_of_the_invitation
    from of_people
    where is_complete and contact_key is not null
),

final as (
    select
        of_people.response_key,
        of_people.source_system,
        of_people.survey_id as survey_key,
        of_people.response_id,
        of_people.customer_key,
        of_people.contact_key,
        coalesce(of_people.contact_key, of_people.response_key) as respondent_key,
        of_people.started_at,
        of_people.submitted_at,
        of_people.order_number,
        of_people.ticket_id,
        of_people.language_code,
        of_people.duration_seconds,
        of_people.distribution_id,
        of_people.definition_version,
        of_people.is_finished,
        of_people.respondent_id is null as is_anonymous,
        case
            when repeated.number_of_the_day > 1 then 'same_day'
            when repeated.number_of_the_invitation > 1 then 'same_invitation'
        end as duplicate_rule,
        coalesce(repeated.number_of_the_day > 1 or repeated.number_of_the_invitation > 1, false) as is_duplicate,
        of_people.is_complete
        and not coalesce(repeated.number_of_the_day > 1 or repeated.number_of_the_invitation > 1, false) as is_kept,
        of_people.answers
    from of_people
    left join repeated on of_people.response_key = repeated.response_key
)

select * from final
