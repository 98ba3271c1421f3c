with

source as (
    {{ latest_version(
        source("qualtrics", "responses"), record_id=["survey_id", "id"], version="last_modified_at"
    ) }}
),

renamed as (
    select
        survey_id,
        id as response_id,

        recipient_email,
        external_data_reference as person_number,
        order_number,
        ticket_id,
        language as language_code,
        distribution_channel,
        answers,

        duration_seconds,

        coalesce(is_finished, true) as is_finished,

        started_at,
        ended_at,
        recorded_at,
        last_modified_at
    from source
)

select * from renamed
