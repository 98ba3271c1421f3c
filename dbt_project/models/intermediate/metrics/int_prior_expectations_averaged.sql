with

value_scores as (
    select * from {{ ref("int_value_scores") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

-- What was expected before the purchase holds for as long as it may be paired with an experience.
respondent_scores as (
    select
        value_scores.customer_key,
        value_scores.respondent_key,
        value_scores.attribute_code,
        periods.period_grain,
        periods.period_start,
        {{ exact_avg("value_scores.expectation_score") }} as expectation_score
    from value_scores
    inner join periods
        on
            cast(value_scores.submitted_at as date)
            between {{ days_after("periods.period_end", -1 * var("expectation_lookback_days")) }} and periods.period_end
    where
        value_scores.customer_key is not null
        and value_scores.expectation_score is not null
    group by 1, 2, 3, 4, 5
),

customer_scores as (
    select
        customer_key,
        attribute_code,
        period_grain,
        period_start,
        {{ exact_avg("expectation_score") }} as expectation_score
    from respondent_scores
    group by 1, 2, 3, 4
)

select * from customer_scores
