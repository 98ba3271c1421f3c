with

answers as (
    select * from {{ ref("fct_survey_answer") }}
),

attributes as (
    select * from {{ ref("dim_attribute") }}
),

response_products as (
    select * from {{ ref("int_response_products") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

value_answers as (
    select
        answers.customer_key,
        answers.respondent_key,
        answers.response_key,
        response_products.product_key,
        answers.purchase_phase,
        answers.attribute_code,
        attributes.benefit_kind,
        attributes.cost_kind,
        attributes.is_tangible,
        answers.score_pomp,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete
    from answers
    inner join attributes on answers.attribute_code = attributes.attribute_code
    inner join response_products on answers.response_key = response_products.response_key
    inner join periods
        on cast(answers.submitted_at as date) between periods.period_start and periods.period_end
    where
        answers.is_scored
        and answers.customer_key is not null
        and answers.construct in ('benefit', 'cost')
        and coalesce(attributes.benefit_kind, attributes.cost_kind) is not null
),

-- Counted over all attributes: one response judges many of them.
response_counts as (
    select
        customer_key,
        product_key,
        purchase_phase,
        period_grain,
        period_start,
        count(distinct response_key) as n_responses
    from value_answers
    group by 1, 2, 3, 4, 5
),

respondent_scores as (
    select
        customer_key,
        respondent_key,
        product_key,
        purchase_phase,
        attribute_code,
        benefit_kind,
        cost_kind,
        is_tangible,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ exact_avg("score_pomp") }} as score,
        count(score_pomp) as n_answers
    from value_answers
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
),

customer_scores as (
    select
        customer_key,
        product_key,
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
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
),

final as (
    select
        customer_scores.*,
        response_counts.n_responses
    from customer_scores
    inner join response_counts
        on
            customer_scores.customer_key = response_counts.customer_key
            and customer_scores.product_key = response_counts.product_key
            and customer_scores.purchase_phase = response_counts.purchase_phase
            and customer_scores.period_grain = response_counts.period_grain
            and customer_scores.period_start = response_counts.period_start
)

select * from final
