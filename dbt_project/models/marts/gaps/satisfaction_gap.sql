{% set measures = [
    "experience_score", "expectation_score", "share_shortfall", "share_met", "share_exceeded",
    "share_expected_at_max", "desired_score", "adequate_score", "zone_of_tolerance", "adequacy_score",
    "superiority_score", "share_below_zone", "share_within_zone", "share_above_zone", "expected_raw",
    "delivered_raw", "gap_raw",
] %}

with

customer_gaps as (
    select * from {{ ref("int_gaps_averaged") }}
    where gap_type = 'satisfaction'
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

trailing_margins as (
    select * from {{ ref("int_customer_trailing_margins") }}
),

customers_at_risk as (
    {{ customers_short("customer_gaps", "trailing_margins") | indent(4) }}
),

segment_customers as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customers_at_risk.*,
        customers_at_risk.n_pairs as n_responses
    from customers_at_risk
    inner join segments on customers_at_risk.customer_key = segments.customer_key
),

segment_moments as (
    select
        attribute_code,
        {{ segment_and_period() | indent(8) }},
        {{ score_moments("gap_score") }},
        {{ gap_counts() | indent(8) }},
        count(zone_of_tolerance) as n_zone_customers,
        cast(sum(n_zones_inverted) as bigint) as n_zone_inverted,
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

trended as (
    {{ gap_trend("estimated") | indent(4) }}
),

final as (
    select
        attribute_code,
        {{ segment_and_period() | indent(8) }},
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
        n_unpaired_expectations,
        corr_ep,
        share_expected_at_max,
        desired_score,
        adequate_score,
        zone_of_tolerance,
        adequacy_score,
        superiority_score,
        share_below_zone,
        share_within_zone,
        share_above_zone,
        n_zone_customers,
        n_zone_inverted,
        gap_trend_slope,
        gap_trend_low,
        gap_trend_high,
        n_trend_months,
        is_scale_break,
        n_customers_short,
        margin_at_risk_amount,
        expected_raw,
        delivered_raw,
        gap_raw,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from trended
)

select * from final
