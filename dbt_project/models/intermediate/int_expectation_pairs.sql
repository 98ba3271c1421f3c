with

judgements as (
    select * from {{ ref("int_expectations_and_experiences_unioned") }}
),

question_map as (
    select * from {{ ref("question_map") }}
),

experiences as (
    select * from judgements
    where experience_score is not null
),

expectations as (
    select * from judgements
    where expectation_score is not null
),

questions_of_expectation as (
    select distinct
        case when construct = 'expectation' then 'satisfaction' else 'value' end as gap_type,
        attribute_code
    from question_map
    where
        respondent_role = 'customer'
        and attribute_code is not null
        and (construct = 'expectation' or (construct in ('benefit', 'cost') and purchase_phase = 'pre_purchase'))
),

expectations_of_customer as (
    select
        experiences.gap_type,
        experiences.response_key,
        experiences.attribute_code,
        expectations.response_key as expectation_response_key,
        expectations.submitted_at,
        case when experiences.contact_key = expectations.contact_key then 2 else 3 end as preference,
        experiences.submitted_at > expectations.submitted_at as is_prior,
        {{ days_between("expectations.submitted_at", "experiences.submitted_at") }} as age_days
    from experiences
    inner join expectations
        on
            experiences.customer_key = expectations.customer_key
            and experiences.gap_type = expectations.gap_type
            and experiences.attribute_code = expectations.attribute_code
    where experiences.expectation_score is null
),

prior_ranked as (
    select
        *,
        row_number() over (
            partition by gap_type, response_key, attribute_code
            order by preference nulls last, submitted_at desc nulls last, expectation_response_key nulls last
        ) as preference_rank
    from expectations_of_customer
    where is_prior and age_days <= {{ var("expectation_lookback_days") }}
),

prior_nearest as (
    select * from prior_ranked
    where preference_rank = 1
),

expectations_passed_over as (
    select
        gap_type,
        response_key,
        attribute_code,
        bool_or(is_prior) as has_prior
    from expectations_of_customer
    group by gap_type, response_key, attribute_code
),

final as (
    select
        experiences.gap_type,
        experiences.response_key,
        experiences.attribute_code,
        case
            when experiences.expectation_score is not null then experiences.response_key
            else prior_nearest.expectation_response_key
        end as expectation_response_key,
        case
            when experiences.expectation_score is not null then 'same_response'
            when prior_nearest.preference = 2 then 'same_contact_prior'
            when prior_nearest.preference = 3 then 'same_customer_prior'
            else 'none'
        end as pairing_method,
        case
            when experiences.expectation_score is not null or prior_nearest.preference is not null then null
            when questions_of_expectation.attribute_code is null then 'not_asked'
            when experiences.customer_key is null then 'anonymous'
            when expectations_passed_over.has_prior then 'expectation_too_old'
            when not expectations_passed_over.has_prior then 'expectation_after_experience'
            else 'no_expectation'
        end as unpaired_reason
    from experiences
    left join prior_nearest
        on
            experiences.gap_type = prior_nearest.gap_type
            and experiences.response_key = prior_nearest.response_key
            and experiences.attribute_code = prior_nearest.attribute_code
    left join expectations_passed_over
        on
            experiences.gap_type = expectations_passed_over.gap_type
            and experiences.response_key = expectations_passed_over.response_key
            and experiences.attribute_code = expectations_passed_over.attribute_code
    left join questions_of_expectation
        on
            experiences.gap_type = questions_of_expectation.gap_type
            and experiences.attribute_code = questions_of_expectation.attribute_code
)

select * from final
