with

attribute_scores as (
    select * from {{ ref("int_attribute_scores") }}
),

response_products as (
    select * from {{ ref("int_response_products") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

respondent_scores as (
    select
        attribute_scores.customer_key,
        attribute_scores.respondent_key,
        response_products.product_key,
        attribute_scores.attribute_code,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        {{ exact_avg("attribute_scores.experience_score") }} as own_score,
        {{ exact_avg("attribute_scores.importance_score") }} as importance_score,
        count(distinct attribute_scores.response_key) as n_responses
    from attribute_scores
    inner join response_products on attribute_scores.response_key = response_products.response_key
    inner join periods
        on cast(attribute_scores.submitted_at as date) between periods.period_start and periods.period_end
    where
        attribute_scores.customer_key is not null
        and coalesce(attribute_scores.experience_score, attribute_scores.importance_score) is not null
        and periods.period_grain in ('quarter', 'year', 'trailing_12m')
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

customer_scores as (
    select
        customer_key,
        product_key,
        attribute_code,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ exact_avg("own_score") }} as own_score,
        {{ exact_avg("importance_score") }} as importance_score,
        cast(sum(n_responses) as bigint) as n_responses
    from respondent_scores
    group by 1, 2, 3, 4, 5, 6, 7
)

select * from customer_scores
