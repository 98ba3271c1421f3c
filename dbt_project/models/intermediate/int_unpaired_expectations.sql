with

judgements as (
    select * from {{ ref("int_expectations_and_experiences_unioned") }}
),

pairs as (
    select * from {{ ref("int_expectation_pairs") }}
),

expectations_used as (
    select distinct
        gap_type,
        expectation_response_key,
        attribute_code
    from pairs
    where expectation_response_key is not null
),

final as (
    select
        judgements.gap_type,
        judgements.response_key,
        judgements.attribute_code,
        judgements.customer_key,
        judgements.respondent_key,
        judgements.submitted_at,
        judgements.expectation_score
    from judgements
    left join expectations_used
        on
            judgements.gap_type = expectations_used.gap_type
            and judgements.response_key = expectations_used.expectation_response_key
            and judgements.attribute_code = expectations_used.attribute_code
    where
        judgements.expectation_score is not null
        and expectations_used.expectation_response_key is null
)

select * from final
