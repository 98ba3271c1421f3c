with

answers as (
    select * from {{ ref("fct_survey_answer") }}
),

response_products as (
    select * from {{ ref("int_response_products") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

respondent_scores as (
    select
        answers.customer_key,
        answers.respondent_key,
        response_products.product_key,
        answers.purchase_phase,
        answers.metric_code,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        {{ exact_avg("answers.score_pomp") }} as score,
        count(distinct answers.response_key) as n_responses
    from answers
    inner join response_products on answers.response_key = response_products.response_key
    inner join periods
        on cast(answers.submitted_at as date) between periods.period_start and periods.period_end
    where
        answers.is_scored
        and answers.customer_key is not null
        and answers.metric_code in ('trust', 'feel_valued')
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

customer_scores as (
    select
        customer_key,
        product_key,
        purchase_phase,
        metric_code,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ exact_avg("score") }} as score,
        cast(sum(n_responses) as bigint) as n_responses
    from respondent_scores
    group by 1, 2, 3, 4, 5, 6, 7, 8
)

select * from customer_scores
