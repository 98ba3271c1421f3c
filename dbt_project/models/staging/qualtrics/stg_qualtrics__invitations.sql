with

-- A history has no time of change: the newest night that read a recipient knows best.
source as (
    {{ latest_version(source("qualtrics", "invitations"), record_id=["distribution_id", "id"]) }}
),

renamed as (
    select
        distribution_id,
        id as recipient_id,
        nullif(survey_id, '') as survey_id,
        contact_id,
        nullif(response_id, 'Anonymous') as response_id,

        status,
        frequency_rule_id,

        coalesce(response_id = 'Anonymous', false) as is_anonymous_response,

        sent_at,
        opened_at,
        response_started_at,
        response_completed_at
    from source
    where coalesce(sent_at < {{ as_of_until() }}, true)
)

select * from renamed
