{% set measures = [
    "experience_score", "expectation_score", "share_shortfall", "share_met", "share_exceeded",
    "share_expected_at_max", "expected_raw", "delivered_raw", "gap_raw",
] %}

with

customer_gaps as (
    select * from {{ ref("int_gaps_averaged") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

segment_customers as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customer_gaps.*,
        customer_gaps.n_pairs as n_responses
    from customer_gaps
    inner join segments on customer_gaps.customer_key = segments.customer_key
),

segment_moments as (
    select
        attribute_code,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ score_moments("gap_score") }},
        cast(sum(n_experiences) as bigint) as n_experiences,
        {{ exact_avg("delivered_score") }} as servperf_score,
        {{ exact_avg("shortfall_score") }} as shortfall_mean,
        {{ exact_correlation("expectation_score", "experience_score") }} as corr_ep,
        {{ exact_standard_error("experience_score") }} as experience_se,
        {{ exact_standard_error("expectation_score") }} as expectation_se,
        {{ exact_averages(measures) }}
    from segment_customers
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

estimated as (
    {{ metric_block("segment_moments", interval="mean", by=["attribute_code"], low=-100, high=100) | indent(4) }}
),

final as (
    select
        attribute_code,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        experience_score,
        experience_se,
        expectation_score,
        expectation_se,
        estimate as gap_score,
        estimate as disconfirmation_score,
        case
            when estimate < -{{ var("gap_tolerance_points") }} then 'dissatisfied'
            when estimate > {{ var("gap_tolerance_points") }} then 'delighted'
            when estimate is not null then 'satisfied'
        end as satisfaction_state,
        shortfall_mean,
        share_shortfall,
        share_met,
        share_exceeded,
        servperf_score,
        n_experiences,
        n_responses as n_pairs,
        {{ safe_divide("n_responses", "n_experiences") }} as pairing_coverage,
        corr_ep,
        share_expected_at_max,
        expected_raw,
        delivered_raw,
        gap_raw,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from estimated
)

select * from final
