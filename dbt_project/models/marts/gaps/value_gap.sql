{% set measures = [
    "experience_score", "expectation_score", "share_shortfall", "share_met", "share_exceeded",
    "share_expected_at_max",
] %}

with

customer_gaps as (
    select * from {{ ref("int_gaps_averaged") }}
    where gap_type = 'value'
),

prior_expectations as (
    select * from {{ ref("int_prior_expectations_averaged") }}
),

attributes as (
    select * from {{ ref("attribute") }}
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
        count(delivered_score) as n_experience_customers,
        {{ exact_avg("delivered_score") }} as felt_score,
        {{ exact_standard_error("delivered_score") }} as felt_se,
        {{ exact_avg("shortfall_score") }} as shortfall_mean,
        {{ exact_correlation("expectation_score", "experience_score") }} as corr_ep,
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

hoped as (
    select
        prior_expectations.attribute_code,
        segments.segment_key,
        prior_expectations.period_grain,
        prior_expectations.period_start,
        count(*) as n_expectation_customers,
        {{ exact_avg("prior_expectations.expectation_score") }} as hoped_score,
        {{ exact_standard_error("prior_expectations.expectation_score") }} as hoped_se
    from prior_expectations
    inner join segments on prior_expectations.customer_key = segments.customer_key
    group by 1, 2, 3, 4
),

-- Without enough customers who answered before and after, all who answered before are held against all who did after.
designed as (
    select
        trended.*,
        attributes.benefit_kind,
        attributes.cost_kind,
        case when attributes.cost_kind is null then 'higher_better' else 'lower_better' end as score_direction,
        coalesce(hoped.n_expectation_customers, 0) as n_expectation_customers,
        hoped.hoped_score,
        hoped.hoped_se,
        case
            when
                trended.n_customers < {{ var("min_n_publish") }}
                and least(trended.n_experience_customers, coalesce(hoped.n_expectation_customers, 0))
                >= {{ var("min_n_publish") }}
                then 'unpaired'
            when trended.n_customers > 0 then 'paired'
        end as design
    from trended
    inner join attributes on trended.attribute_code = attributes.attribute_code
    left join hoped
        on
            trended.attribute_code = hoped.attribute_code
            and trended.segment_key = hoped.segment_key
            and trended.period_grain = hoped.period_grain
            and trended.period_start = hoped.period_start
),

weighed as (
    select
        *,
        design = 'unpaired' as is_unpaired,
        {{ directed_gap("felt_score", "hoped_score", "score_direction") | indent(8) }} as unpaired_gap,
        {{ welch_standard_error("felt_se", "hoped_se") }} as unpaired_se,
        {{ welch_degrees_of_freedom("felt_se", "n_experience_customers", "hoped_se", "n_expectation_customers") }}
            as unpaired_degrees,
        cast({{ 1 - var("confidence") | float }} as double) as tails
    from designed
),

unpaired_t as (
    {{ t_quantiles_at("weighed", "unpaired_degrees", "tails") | indent(4) }}
),

quantiled as (
    select
        weighed.*,
        coalesce(weighed.is_unpaired, false) as is_unpaired_design,
        unpaired_t.t_quantile as unpaired_quantile
    from weighed
    left join unpaired_t
        on weighed.unpaired_degrees = unpaired_t.degrees_of_freedom and weighed.tails = unpaired_t.tails
),

chosen as (
    select
        attribute_code,
        benefit_kind,
        cost_kind,
        score_direction,
        {{ segment_and_period() | indent(8) }},
        design,
        case when is_unpaired_design then hoped_score else expectation_score end as expected_score,
        case when is_unpaired_design then felt_score else experience_score end as delivered_score,
        case when not is_unpaired_design then shortfall_mean end as shortfall_mean,
        case when not is_unpaired_design then share_shortfall end as share_shortfall,
        case when not is_unpaired_design then share_met end as share_met,
        case when not is_unpaired_design then share_exceeded end as share_exceeded,
        case when not is_unpaired_design then corr_ep end as corr_ep,
        case when not is_unpaired_design then share_expected_at_max end as share_expected_at_max,
        n_experiences,
        n_responses as n_pairs,
        n_unpaired_expectations,
        n_experience_customers,
        n_expectation_customers,
        gap_trend_slope,
        gap_trend_low,
        gap_trend_high,
        n_trend_months,
        is_scale_break,
        n_customers_short,
        margin_at_risk_amount,
        case when is_unpaired_design then n_experiences else n_responses end as n_responses,
        case when is_unpaired_design then least(n_experience_customers, n_expectation_customers) else n_customers end
            as n_customers,
        case when is_unpaired_design then unpaired_gap else estimate end as estimate,
        case when is_unpaired_design then unpaired_se else se end as se,
        case
            when is_unpaired_design
                then {{ mean_low("unpaired_gap", "unpaired_se", "unpaired_quantile", -100, 100) | indent(16) }}
            else ci_low
        end as ci_low,
        case
            when is_unpaired_design
                then {{ mean_high("unpaired_gap", "unpaired_se", "unpaired_quantile", -100, 100) | indent(16) }}
            else ci_high
        end as ci_high,
        case when not is_unpaired_design then estimate_shrunk end as estimate_shrunk,
        case when not is_unpaired_design then z_vs_prior end as z_vs_prior,
        case when not is_unpaired_design then is_significant end as is_significant,
        weighting
    from quantiled
),

judged as (
    select
        *,
        estimate as gap_score,
        {{ safe_divide("n_pairs", "n_experiences") }} as pairing_coverage,
        cast(n_customers as double) as n_effective,
        {{ is_reportable("n_customers") }} as is_reportable,
        {{ reliability("n_customers") }} as reliability
    from chosen
),

final as (
    select
        attribute_code,
        benefit_kind,
        cost_kind,
        score_direction,
        {{ segment_and_period() | indent(8) }},
        design,
        expected_score,
        delivered_score,
        gap_score,
        shortfall_mean,
        share_shortfall,
        share_met,
        share_exceeded,
        n_experiences,
        n_pairs,
        pairing_coverage,
        n_unpaired_expectations,
        n_experience_customers,
        n_expectation_customers,
        corr_ep,
        share_expected_at_max,
        gap_trend_slope,
        gap_trend_low,
        gap_trend_high,
        n_trend_months,
        is_scale_break,
        n_customers_short,
        margin_at_risk_amount,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from judged
)

select * from final
