with

-- An export has no end. What was changed after midnight was landed a night early and belongs to the next night.
known as (
    select *
    from {{ source("qualtrics", "responses") }}
    where coalesce(last_modified_at, recorded_at) < {{ as_of_until() }}
),

source as (
    {{ latest_version("known", record_id=["survey_id", "id"], version="last_modified_at") }}
),

census as (
    {{ last_census(source("qualtrics", "response_ids"), record_id=["survey_id", "id"]) }}
),

listed_surveys as (
    {{ last_census(source("qualtrics", "surveys")) }}
),

-- The census speaks for surveys that were listed on its night, and only for those that still are: responses of a
-- survey that was deleted, or is out of reach, were not deleted one by one.
counted_surveys as (
    select
        surveys.id,
        surveys._as_of_date
    from {{ source("qualtrics", "surveys") }} as surveys
    inner join listed_surveys on surveys.id = listed_surveys.id
    where surveys._as_of_date = (select max(census._as_of_date) from census)
    group by surveys.id, surveys._as_of_date
),

renamed as (
    select
        source.survey_id,
        source.id as response_id,

        source.recipient_email,
        source.external_data_reference as person_number,
        source.order_number,
        source.ticket_id,
        source.language as language_code,
        source.distribution_channel,
        source.answers,

        source.duration_seconds,

        coalesce(source.is_finished, true) as is_finished,
        coalesce(source._as_of_date <= counted_surveys._as_of_date and census.id is null, false) as is_deleted,

        source.started_at,
        source.ended_at,
        source.recorded_at,
        source.last_modified_at
    from source
    left join census on source.survey_id = census.survey_id and source.id = census.id
    left join counted_surveys on source.survey_id = counted_surveys.id
)

select * from renamed
