-- Read before anything is fitted: segments of int_customer_segments need the fit of relationship values.
with

attribute_scores as (
    select * from {{ ref("int_attribute_scores") }}
),

metric_answers as (
    select * from {{ ref("int_metric_answers_unioned") }}
),

periods as (
    select *
    from {{ ref("int_periods") }}
    where period_grain = 'trailing_12m'
),

customers as (
    select * from {{ ref("int_customers") }}
),

answers as (
    select
        'driver' as measure_kind,
        attribute_code as measure_code,
        customer_key,
        respondent_key,
        response_key,
        submitted_at,
        experience_score as score
    from attribute_scores
    where
        customer_key is not null
        and experience_score is not null
        and attribute_code <> 'overall'
    union all
    select
        'outcome' as measure_kind,
        metric_code as measure_code,
        customer_key,
        respondent_key,
        response_key,
        submitted_at,
        score_pomp as score
    from metric_answers
    where metric_code in ('csat', 'acsi', 'nps', 'repurchase_intent')
),

respondent_scores as (
    select
        answers.measure_kind,
        answers.measure_code,
        answers.customer_key,
        answers.respondent_key,
        {{ exact_avg("answers.score") }} as score,
        count(distinct answers.response_key) as n_responses
    from answers
    inner join periods
        on cast(answers.submitted_at as date) between periods.period_start and periods.period_end
    group by 1, 2, 3, 4
),

customer_scores as (
    select
        measure_kind,
        measure_code,
        customer_key,
        {{ exact_avg("score") }} as score,
        cast(sum(n_responses) as bigint) as n_responses
    from respondent_scores
    group by 1, 2, 3
),

final as (
    select
        customer_scores.measure_kind,
        customer_scores.measure_code,
        customer_scores.customer_key,
        coalesce(customers.market_segment, 'unknown') as market_segment,
        coalesce(customers.industry, 'unknown') as industry,
        customer_scores.score,
        customer_scores.n_responses
    from customer_scores
    left join customers on customer_scores.customer_key = customers.customer_key
)

select * from final
