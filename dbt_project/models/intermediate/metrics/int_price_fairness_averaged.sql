with

answers as (
    select * from {{ ref("fct_survey_answer") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

respondent_scores as (
    select
        answers.customer_key,
        answers.respondent_key,
        {{ exact_avg("answers.score_pomp") }} as score,
        count(distinct answers.response_key) as n_responses
    from answers
    inner join periods
        on
            cast(answers.submitted_at as date) between periods.period_start and periods.period_end
            and periods.period_grain = 'trailing_12m'
    where
        answers.is_scored
        and answers.customer_key is not null
        and answers.attribute_code = 'price'
        and answers.construct in ('experience', 'value_for_money', 'price_fairness')
    group by 1, 2
),

customer_scores as (
    select
        customer_key,
        {{ exact_avg("score") }} as score,
        cast(sum(n_responses) as bigint) as n_responses
    from respondent_scores
    group by 1
)

select * from customer_scores
