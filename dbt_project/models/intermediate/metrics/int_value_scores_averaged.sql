with

answers as (
    select * from {{ ref("fct_survey_answer") }}
),

attributes as (
    select * from {{ ref("dim_attribute") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

value_answers as (
    select
        answers.customer_key,
        answers.respondent_key,
        answers.purchase_phase,
        answers.attribute_code,
        attributes.benefit_kind,
        attributes.cost_kind,
        attributes.is_tangible,
        answers.score_pomp,
        cast(answers.submitted_at as date) as submitted_date
    from answers
    inner join attributes on answers.attribute_code = attributes.attribute_code
    where
        answers.is_scored
        and answers.customer_key is not null
        and answers.construct in ('benefit', 'cost')
        and coalesce(attributes.benefit_kind, attributes.cost_kind) is not null
),

respondent_scores as (
    select
        value_answers.customer_key,
        value_answers.respondent_key,
        value_answers.purchase_phase,
        value_answers.attribute_code,
        value_answers.benefit_kind,
        value_answers.cost_kind,
        value_answers.is_tangible,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        {{ exact_avg("value_answers.score_pomp") }} as score,
        count(value_answers.score_pomp) as n_answers
    from value_answers
    inner join periods
        on value_answers.submitted_date between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
),

customer_scores as (
    select
        customer_key,
        purchase_phase,
        attribute_code,
        benefit_kind,
        cost_kind,
        is_tangible,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ exact_avg("score") }} as score,
        cast(sum(n_answers) as bigint) as n_answers
    from respondent_scores
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
)

select * from customer_scores
