with

promises as (
    select * from {{ ref("dim_value_proposition") }}
),

promise_experiences as (
    select * from {{ ref("int_promise_experiences") }}
),

satisfaction_gaps as (
    select * from {{ ref("satisfaction_gap") }}
    where segment_key = 'all:all'
),

initiatives as (
    select * from {{ ref("dim_initiative") }}
),

trailing_margins as (
    select * from {{ ref("int_customer_trailing_margins") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

promise_periods as (
    select
        promises.*,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        'all:all' as segment_key,
        'all' as segment_type,
        'all' as segment_value
    from promises
    inner join periods
        on
            promises.published_from <= periods.period_end
            and coalesce(promises.published_to >= periods.period_start, true)
            and periods.period_start <= {{ as_of_date() }}
),

respondent_gaps as (
    select
        promise_experiences.promise_id,
        promise_experiences.customer_key,
        promise_experiences.respondent_key,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        count(*) as n_responses,
        {{ exact_avg("promise_experiences.delivered_score") }} as delivered_score,
        {{ exact_avg("promise_experiences.promise_gap") }} as promise_gap
    from promise_experiences
    inner join periods
        on cast(promise_experiences.submitted_at as date) between periods.period_start and periods.period_end
    where promise_experiences.customer_key is not null
    group by 1, 2, 3, 4, 5, 6
),

customer_gaps as (
    select
        promise_id,
        customer_key,
        period_grain,
        period_start,
        period_end,
        cast(sum(n_responses) as bigint) as n_responses,
        {{ exact_avg("delivered_score") }} as delivered_score,
        {{ exact_avg("promise_gap") }} as gap_score
    from respondent_gaps
    group by 1, 2, 3, 4, 5
),

customers_at_risk as (
    {{ customers_short("customer_gaps", "trailing_margins") | indent(4) }}
),

gap_moments as (
    select
        promise_id,
        period_grain,
        period_start,
        {{ score_moments("gap_score") }},
        {{ exact_avg("delivered_score") }} as delivered_score,
        count(case when is_short then customer_key end) as n_affected_customers,
        cast(coalesce(sum(case when is_short then margin_12m_amount end), 0) as decimal(18, 2))
            as margin_at_risk_amount
    from customers_at_risk
    group by 1, 2, 3
),

promise_moments as (
    select
        promise_periods.*,
        coalesce(gap_moments.n_responses, 0) as n_responses,
        coalesce(gap_moments.n_customers, 0) as n_customers,
        gap_moments.score_total,
        gap_moments.score_square_total,
        gap_moments.delivered_score,
        coalesce(gap_moments.n_affected_customers, 0) as n_affected_customers,
        coalesce(gap_moments.margin_at_risk_amount, 0) as margin_at_risk_amount
    from promise_periods
    left join gap_moments
        on
            promise_periods.promise_id = gap_moments.promise_id
            and promise_periods.period_grain = gap_moments.period_grain
            and promise_periods.period_start = gap_moments.period_start
),

estimated as (
    {{ metric_block("promise_moments", interval="mean", by=["promise_id"], low=-100, high=100) | indent(4) }}
),

bridging as (
    select
        attribute_code,
        count(*) as n_initiatives
    from initiatives
    where status in ('approved', 'running')
    group by 1
),

final as (
    select
        estimated.promise_id,
        estimated.attribute_code,
        estimated.product_key,
        estimated.channel,
        estimated.claim_text,
        estimated.published_from,
        estimated.published_to,
        estimated.segment_key,
        estimated.segment_type,
        estimated.segment_value,
        estimated.period_grain,
        estimated.period_start,
        estimated.period_end,
        estimated.period_is_complete,
        estimated.promised_score,
        satisfaction_gaps.expectation_score as expected_score,
        estimated.delivered_score,
        estimated.estimate as promise_gap,
        satisfaction_gaps.expectation_score - estimated.promised_score as hype_gap,
        estimated.ci_high < -{{ var("gap_tolerance_points") }} as is_over_promised,
        estimated.n_affected_customers,
        cast(estimated.margin_at_risk_amount as decimal(18, 2)) as margin_at_risk_amount,
        coalesce(bridging.n_initiatives, 0) as n_bridging_initiatives,
        case when estimated.n_customers = 0 then 'no_experience' end as unavailable_reason,
        {% for column in [
            "n_responses", "n_customers", "n_effective", "estimate", "se", "ci_low", "ci_high", "estimate_shrunk",
            "z_vs_prior", "is_significant", "is_reportable", "reliability", "weighting",
        ] -%}
        estimated.{{ column }},
        {% endfor -%}
        {{ lineage_columns() | indent(8) }}
    from estimated
    left join satisfaction_gaps
        on
            estimated.attribute_code = satisfaction_gaps.attribute_code
            and estimated.period_grain = satisfaction_gaps.period_grain
            and estimated.period_start = satisfaction_gaps.period_start
    left join bridging on estimated.attribute_code = bridging.attribute_code
)

select * from final
