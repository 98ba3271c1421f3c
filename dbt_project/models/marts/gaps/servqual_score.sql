with

customer_gaps as (
    select * from {{ ref("int_gaps_averaged") }}
    where gap_type = 'satisfaction' and period_grain <> 'month'
),

attributes as (
    select * from {{ ref("attribute") }}
    where servqual_dimension is not null
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

item_reliability as (
    select * from {{ ref("int_item_reliability") }}
    where group_level = 'servqual_dimension'
),

customer_dimensions as (
    select
        customer_gaps.customer_key,
        attributes.servqual_dimension,
        customer_gaps.period_grain,
        customer_gaps.period_start,
        customer_gaps.period_end,
        customer_gaps.period_is_complete,
        cast(sum(customer_gaps.n_pairs) as bigint) as n_responses,
        {{ exact_avg("customer_gaps.gap_score") }} as gap_score,
        {{ exact_avg("customer_gaps.expectation_score") }} as expectation_score,
        {{ exact_avg("customer_gaps.experience_score") }} as experience_score,
        {{ exact_avg("customer_gaps.importance_score") }} as importance_score
    from customer_gaps
    inner join attributes on customer_gaps.attribute_code = attributes.attribute_code
    group by 1, 2, 3, 4, 5, 6
),

segment_customers as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customer_dimensions.*
    from customer_dimensions
    inner join segments on customer_dimensions.customer_key = segments.customer_key
),

importance as (
    select
        segment_key,
        period_grain,
        period_start,
        servqual_dimension,
        {{ exact_avg("importance_score") }} as importance_score
    from segment_customers
    group by 1, 2, 3, 4
),

-- Where nobody was asked how important anything is, the dimensions weigh alike.
weights as (
    select
        segment_key,
        period_grain,
        period_start,
        servqual_dimension,
        case when count(importance_score) over dimensions = 0 then cast(1 as double) else importance_score end
            as weight,
        case when count(importance_score) over dimensions = 0 then 'equal' else 'stated' end as weight_method
    from importance
    window dimensions as (partition by segment_key, period_grain, period_start)
),

weight_totals as (
    select
        segment_key,
        period_grain,
        period_start,
        max(weight_method) as weight_method,
        {{ exact_sum("weight") }} as total_weight
    from weights
    group by 1, 2, 3
),

weighted as (
    select
        segment_customers.*,
        weights.weight
    from segment_customers
    inner join weights
        on
            segment_customers.segment_key = weights.segment_key
            and segment_customers.period_grain = weights.period_grain
            and segment_customers.period_start = weights.period_start
            and segment_customers.servqual_dimension = weights.servqual_dimension
),

customer_totals as (
    select
        'all' as servqual_dimension,
        {{ segment_and_period() | indent(8) }},
        customer_key,
        max(n_responses) as n_responses,
        {{ weighted_gap("gap_score", "weight") | indent(8) }} as gap_score,
        {{ exact_avg("gap_score") }} as unweighted_gap_score,
        {{ exact_avg("expectation_score") }} as expectation_score,
        {{ exact_avg("experience_score") }} as experience_score,
        {{ exact_sum("case when gap_score is not null then weight end") }} as observed_weight
    from weighted
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

scores as (
    select
        servqual_dimension,
        {{ segment_and_period() | indent(8) }},
        customer_key,
        n_responses,
        gap_score,
        gap_score as unweighted_gap_score,
        expectation_score,
        experience_score,
        case when gap_score is not null then weight end as observed_weight
    from weighted
    union all
    select * from customer_totals
),

moments as (
    select
        servqual_dimension,
        {{ segment_and_period() | indent(8) }},
        {{ score_moments("gap_score") }},
        {{ exact_avg("expectation_score") }} as expectation_score,
        {{ exact_avg("experience_score") }} as experience_score,
        {{ exact_avg("unweighted_gap_score") }} as unweighted_gap_score,
        {{ exact_avg("observed_weight") }} as observed_weight,
        {{ exact_correlation("expectation_score", "experience_score") }} as corr_ep
    from scores
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

estimated as (
    {{ metric_block("moments", interval="mean", by=["servqual_dimension"], low=-100, high=100) | indent(4) }}
),

-- Of several surveys about a dimension the one with most complete answers says how reliable they are.
survey_reliability as (
    select
        group_code,
        survey_key,
        period_grain,
        period_start,
        max(case when construct = 'expectation' then n_complete end) as n_complete,
        max(case when construct = 'expectation' then cronbach_alpha end) as expectation_alpha,
        max(case when construct = 'experience' then cronbach_alpha end) as experience_alpha,
        max(case when construct = 'gap' then cronbach_alpha end) as gap_alpha
    from item_reliability
    group by 1, 2, 3, 4
),

ranked_reliability as (
    select
        *,
        row_number() over (
            partition by group_code, period_grain, period_start
            order by n_complete desc nulls last, survey_key nulls last
        ) as survey_rank
    from survey_reliability
),

final as (
    select
        estimated.servqual_dimension,
        estimated.segment_key,
        estimated.segment_type,
        estimated.segment_value,
        estimated.period_grain,
        estimated.period_start,
        estimated.period_end,
        estimated.period_is_complete,
        estimated.expectation_score,
        estimated.experience_score,
        estimated.estimate as gap_score,
        estimated.unweighted_gap_score,
        100 * {{ safe_divide("coalesce(weights.weight, weight_totals.total_weight)", "weight_totals.total_weight") }}
            as weight_points,
        weight_totals.weight_method,
        round({{ safe_divide(
            "estimated.observed_weight", "coalesce(weights.weight, weight_totals.total_weight)"
        ) | indent(8) }}, 9) as weight_coverage,
        estimated.corr_ep,
        ranked_reliability.expectation_alpha,
        ranked_reliability.experience_alpha,
        ranked_reliability.gap_alpha,
        {{ difference_reliability(
            "ranked_reliability.experience_alpha", "ranked_reliability.expectation_alpha", "estimated.corr_ep"
        ) | indent(8) }} as difference_reliability,
        {% for column in [
            "n_responses", "n_customers", "n_effective", "estimate", "se", "ci_low", "ci_high", "estimate_shrunk",
            "z_vs_prior", "is_significant", "is_reportable", "reliability", "weighting",
        ] -%}
        estimated.{{ column }},
        {% endfor -%}
        {{ lineage_columns() | indent(8) }}
    from estimated
    inner join weight_totals
        on
            estimated.segment_key = weight_totals.segment_key
            and estimated.period_grain = weight_totals.period_grain
            and estimated.period_start = weight_totals.period_start
    left join weights
        on
            estimated.servqual_dimension = weights.servqual_dimension
            and estimated.segment_key = weights.segment_key
            and estimated.period_grain = weights.period_grain
            and estimated.period_start = weights.period_start
    left join ranked_reliability
        on
            ranked_reliability.survey_rank = 1
            and estimated.servqual_dimension = ranked_reliability.group_code
            and estimated.segment_key = 'all:all'
            and estimated.period_grain = ranked_reliability.period_grain
            and estimated.period_start = ranked_reliability.period_start
)

select * from final
