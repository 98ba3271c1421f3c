with

customer_gaps as (
    select * from {{ ref("int_gaps_averaged") }}
    where gap_type = 'satisfaction' and period_grain <> 'month'
),

gaps as (
    select * from {{ ref("fct_value_gap") }}
    where gap_type = 'promise' and customer_key is not null
),

management_scores as (
    select * from {{ ref("int_management_scores") }}
),

periods as (
    select * from {{ ref("int_periods") }}
    where period_grain <> 'month'
),

promise_respondents as (
    select
        gaps.customer_key,
        gaps.attribute_code,
        periods.period_grain,
        periods.period_start,
        {{ exact_avg("gaps.promised_score") }} as promised_score,
        {{ exact_avg("gaps.delivered_score") }} as delivered_score,
        {{ exact_avg("gaps.gap_score") }} as gap_score
    from gaps
    inner join periods
        on cast(gaps.submitted_at as date) between periods.period_start and periods.period_end
    group by gaps.customer_key, gaps.respondent_key, gaps.attribute_code, periods.period_grain, periods.period_start
),

promise_customers as (
    select
        attribute_code,
        period_grain,
        period_start,
        {{ exact_averages(["promised_score", "delivered_score", "gap_score"]) }}
    from promise_respondents
    group by customer_key, attribute_code, period_grain, period_start
),

manager_scores as (
    select
        management_scores.attribute_code,
        periods.period_grain,
        periods.period_start,
        management_scores.belief_score,
        management_scores.standard_score
    from management_scores
    inner join periods
        on cast(management_scores.submitted_at as date) between periods.period_start and periods.period_end
),

-- One score of one customer or manager. The two levels of a pair are those of the same customers.
scores as (
    {% for level, relation, column in [
        ("expected", "customer_gaps", "expectation_score"),
        ("experienced", "customer_gaps", "experience_score"),
        ("disconfirmed", "customer_gaps", "gap_score"),
        ("delivered", "customer_gaps", "delivered_score"),
        ("believed", "manager_scores", "belief_score"),
        ("standard", "manager_scores", "standard_score"),
        ("promised", "promise_customers", "promised_score"),
        ("received", "promise_customers", "delivered_score"),
        ("kept", "promise_customers", "gap_score"),
    ] -%}
    select
        '{{ level }}' as level,
        attribute_code,
        period_grain,
        period_start,
        {{ column }} as score
    from {{ relation }}
    where {{ column }} is not null
    {{ "union all" if not loop.last }}
    {% endfor -%}
),

final as (
    select
        level,
        attribute_code,
        period_grain,
        period_start,
        count(*) as n,
        {{ exact_avg("score") }} as mean_score,
        {{ exact_standard_error("score") }} as se
    from scores
    group by level, attribute_code, period_grain, period_start
)

select * from final
