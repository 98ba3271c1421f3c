with

judgements as (
    select * from {{ ref("int_expectations_and_experiences_unioned") }}
),

pairs as (
    select * from {{ ref("int_expectation_pairs") }}
),

promise_experiences as (
    select * from {{ ref("int_promise_experiences") }}
),

experiences as (
    select
        *,
        case when experience_scale_from = experience_scale_to then experience_scale_to end as experience_scale_code
    from judgements
    where experience_score is not null
),

expectations as (
    select
        *,
        case when expectation_scale_from = expectation_scale_to then expectation_scale_to end
            as expectation_scale_code
    from judgements
    where expectation_score is not null
),

paired as (
    select
        case experiences.gap_type
            when 'satisfaction' then {{ surrogate_key(["experiences.response_key", "experiences.attribute_code"]) }}
            else {{ surrogate_key(["experiences.response_key", "experiences.attribute_code", "experiences.gap_type"]) }}
        end as gap_obs_id,
        experiences.response_key,
        experiences.customer_key,
        experiences.contact_key,
        experiences.respondent_key,
        experiences.attribute_code,
        experiences.submitted_at,
        experiences.gap_type,
        experiences.score_direction,
        cast(null as varchar) as promise_id,
        expectations.expectation_score as expected_score,
        experiences.desired_score,
        experiences.adequate_score,
        cast(null as double) as promised_score,
        experiences.experience_score as delivered_score,
        {{ directed_gap(
            "experiences.experience_score", "expectations.expectation_score", "experiences.score_direction"
        ) | indent(8) }} as gap_score,
        pairs.pairing_method,
        pairs.unpaired_reason,
        expectations.submitted_at as expected_at,
        experiences.importance_score,
        expectations.expectation_scale_code as expected_scale_code,
        experiences.experience_scale_code as delivered_scale_code,
        experiences.scale_version,
        experiences.experience_scale_code is not null and not experiences.has_reversed_items as has_raw_experience,
        coalesce(
            expectations.expectation_scale_code = experiences.experience_scale_code
            and not expectations.has_reversed_items
            and not experiences.has_reversed_items,
            false
        ) as has_raw_pair,
        expectations.expectation_raw,
        experiences.experience_raw
    from experiences
    inner join pairs
        on
            experiences.gap_type = pairs.gap_type
            and experiences.response_key = pairs.response_key
            and experiences.attribute_code = pairs.attribute_code
    left join expectations
        on
            pairs.gap_type = expectations.gap_type
            and pairs.expectation_response_key = expectations.response_key
            and pairs.attribute_code = expectations.attribute_code
),

promised as (
    select
        {{ surrogate_key(["response_key", "attribute_code", "'promise'"]) }} as gap_obs_id,
        response_key,
        customer_key,
        contact_key,
        respondent_key,
        attribute_code,
        submitted_at,
        'promise' as gap_type,
        'higher_better' as score_direction,
        promise_id,
        cast(null as double) as expected_score,
        cast(null as double) as desired_score,
        cast(null as double) as adequate_score,
        promised_score,
        delivered_score,
        promise_gap as gap_score,
        'promise' as pairing_method,
        cast(null as varchar) as unpaired_reason,
        cast(null as timestamp) as expected_at,
        cast(null as double) as importance_score,
        cast(null as varchar) as expected_scale_code,
        cast(null as varchar) as delivered_scale_code,
        cast(null as integer) as scale_version,
        false as has_raw_experience,
        false as has_raw_pair,
        cast(null as double) as expectation_raw,
        cast(null as double) as experience_raw
    from promise_experiences
    where is_pair
),

unioned as (
    select * from paired
    union all
    select * from promised
),

final as (
    select
        gap_obs_id,
        response_key,
        customer_key,
        contact_key,
        respondent_key,
        attribute_code,
        submitted_at,
        gap_type,
        score_direction,
        promise_id,
        expected_score,
        desired_score,
        adequate_score,
        promised_score,
        delivered_score,
        gap_score,
        {{ shortfall("gap_score") }} as shortfall_score,
        {{ gap_direction("gap_score") }} as gap_direction,
        pairing_method,
        unpaired_reason,
        case
            when pairing_method = 'same_response' then 'retrospective'
            when pairing_method like '%prior' then 'prior'
        end as expectation_timing,
        {{ days_between("expected_at", "submitted_at") }} as expectation_age_days,
        {{ zone_of_tolerance("desired_score", "adequate_score") }} as zone_of_tolerance,
        {{ service_adequacy("delivered_score", "desired_score", "adequate_score") }} as adequacy_score,
        {{ service_superiority("delivered_score", "desired_score", "adequate_score") }} as superiority_score,
        {{ zone_state("delivered_score", "desired_score", "adequate_score") }} as zot_state,
        {{ is_zone_inverted("desired_score", "adequate_score") }} as is_zone_inverted,
        importance_score,
        expected_scale_code,
        delivered_scale_code,
        cast(scale_version as integer) as scale_version,
        case when has_raw_pair then expectation_raw end as expected_raw,
        case when has_raw_experience then experience_raw end as delivered_raw,
        case when has_raw_pair then experience_raw - expectation_raw end as gap_raw,
        {{ lineage_columns() }}
    from unioned
)

select * from final
