with

responses as (
    select * from {{ ref("int_survey_responses") }}
),

cohorts as (
    select * from {{ ref("int_response_cohorts") }}
),

quality as (
    select * from {{ ref("int_response_quality") }}
),

weights as (
    select * from {{ ref("int_response_weights") }}
),

versions as (
    select * from {{ ref("int_survey_versions") }}
),

-- While a distribution ran: from when it went out to its last answer. Without one: while the response was given.
fielded as (
    select
        responses.response_key,
        responses.survey_key,
        coalesce(
            min(cohorts.sent_at) over (partition by responses.distribution_id, responses.survey_key),
            responses.started_at
        ) as field_from,
        max(responses.submitted_at) over (partition by responses.distribution_id, responses.survey_key) as field_until
    from responses
    inner join cohorts on responses.response_key = cohorts.response_key
    where responses.distribution_id is not null
    union all
    select
        response_key,
        survey_key,
        started_at as field_from,
        submitted_at as field_until
    from responses
    where distribution_id is null
),

edited as (
    select fielded.response_key
    from fielded
    inner join versions
        on
            fielded.survey_key = versions.survey_key
            and fielded.field_from < versions.valid_from and fielded.field_until >= versions.valid_from
    group by fielded.response_key
),

final as (
    select
        responses.response_key,
        responses.survey_key,
        cohorts.invite_key,
        responses.customer_key,
        responses.contact_key,
        responses.respondent_key,
        responses.submitted_at,
        cohorts.cohort_month,
        responses.order_number,
        responses.ticket_id,
        responses.language_code,
        responses.duration_seconds,
        responses.is_finished,
        responses.is_kept,
        responses.is_anonymous,
        responses.is_duplicate,
        responses.duplicate_rule,
        quality.is_straightliner,
        quality.is_speeder,
        cast(quality.n_answers as bigint) as n_answers,
        cast(quality.n_rejected as bigint) as n_rejected,
        cast(quality.n_graded as bigint) as n_graded,
        cast(quality.n_agreeing as bigint) as n_agreeing,
        cast(quality.n_extreme as bigint) as n_extreme,
        cast(responses.definition_version as integer) as definition_version,
        edited.response_key is not null as is_edited_mid_field,
        weights.weight_nonresponse,
        weights.weight_basis,
        weights.is_class_merged,
        {{ lineage_columns() }}
    from responses
    inner join cohorts on responses.response_key = cohorts.response_key
    inner join quality on responses.response_key = quality.response_key
    left join weights on responses.response_key = weights.response_key
    left join edited on responses.response_key = edited.response_key
)

select * from final
