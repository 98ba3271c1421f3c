with

scores as (
    select * from {{ ref("int_attribute_scores") }}
),

experiences as (
    select * from scores
    where experience_score is not null
),

expectations as (
    select * from scores
    where expectation_score is not null
),

same_response as (
    select
        response_key,
        attribute_code,
        response_key as expectation_response_key,
        1 as preference,
        'same_response' as pairing_method
    from experiences
    where expectation_score is not null
),

prior_candidates as (
    select
        experiences.response_key,
        experiences.attribute_code,
        expectations.response_key as expectation_response_key,
        case when experiences.contact_key = expectations.contact_key then 2 else 3 end as preference,
        expectations.submitted_at
    from experiences
    inner join expectations
        on
            experiences.customer_key = expectations.customer_key
            and experiences.attribute_code = expectations.attribute_code
            and experiences.submitted_at > expectations.submitted_at
            and {{ days_between("expectations.submitted_at", "experiences.submitted_at") }}
            <= {{ var("expectation_lookback_days") }}
    where experiences.expectation_score is null
),

prior_ranked as (
    select
        *,
        row_number() over (
            partition by response_key, attribute_code
            order by preference, submitted_at desc, expectation_response_key
        ) as preference_rank
    from prior_candidates
),

pairs as (
    select response_key, attribute_code, expectation_response_key, pairing_method
    from same_response
    union all
    select
        response_key,
        attribute_code,
        expectation_response_key,
        case preference when 2 then 'same_contact_prior' else 'same_customer_prior' end as pairing_method
    from prior_ranked
    where preference_rank = 1
),

paired as (
    select
        experiences.response_key,
        experiences.customer_key,
        experiences.contact_key,
        experiences.respondent_key,
        experiences.attribute_code,
        experiences.submitted_at,
        expectations.expectation_score as expected_score,
        experiences.desired_score,
        experiences.adequate_score,
        experiences.experience_score as delivered_score,
        experiences.importance_score,
        coalesce(pairs.pairing_method, 'none') as pairing_method,
        expectations.submitted_at as expected_at,
        experiences.experience_scale_from = experiences.experience_scale_to
        and not experiences.has_reversed_items as has_raw_experience,
        coalesce(
            expectations.expectation_scale_from = expectations.expectation_scale_to
            and expectations.expectation_scale_to = experiences.experience_scale_from
            and experiences.experience_scale_from = experiences.experience_scale_to
            and not expectations.has_reversed_items
            and not experiences.has_reversed_items,
            false
        ) as has_raw_pair,
        expectations.expectation_raw,
        experiences.experience_raw
    from experiences
    left join pairs
        on experiences.response_key = pairs.response_key and experiences.attribute_code = pairs.attribute_code
    left join expectations
        on
            pairs.expectation_response_key = expectations.response_key
            and pairs.attribute_code = expectations.attribute_code
),

final as (
    select
        {{ surrogate_key(["response_key", "attribute_code"]) }} as gap_obs_id,
        response_key,
        customer_key,
        contact_key,
        respondent_key,
        attribute_code,
        submitted_at,
        'satisfaction' as gap_type,
        expected_score,
        desired_score,
        adequate_score,
        cast(null as double) as promised_score,
        delivered_score,
        delivered_score - expected_score as gap_score,
        case when expected_score is not null then greatest(0.0, expected_score - delivered_score) end
            as shortfall_score,
        {{ gap_direction("delivered_score - expected_score") }} as gap_direction,
        pairing_method,
        case pairing_method when 'none' then null when 'same_response' then 'retrospective' else 'prior' end
            as expectation_timing,
        {{ days_between("expected_at", "submitted_at") }} as expectation_age_days,
        importance_score,
        case when has_raw_pair then expectation_raw end as expected_raw,
        case when has_raw_experience then experience_raw end as delivered_raw,
        case when has_raw_pair then experience_raw - expectation_raw end as gap_raw,
        {{ lineage_columns() }}
    from paired
)

select * from final
