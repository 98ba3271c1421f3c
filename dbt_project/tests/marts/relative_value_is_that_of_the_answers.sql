-- The way from the answers, once more by hand, for all customers in the trailing 12 months: no join on the way may
-- multiply or lose an answer or a competitor's score.
with
answers as (
    select
        answer.customer_key,
        answer.respondent_key,
        answer.attribute_code,
        answer.response_key,
        avg(case when answer.construct = 'experience' then answer.score_pomp end) as own_score,
        avg(case when answer.construct = 'importance' then answer.score_pomp end) as importance_score
    from {{ ref("fct_survey_answer") }} as answer
    inner join {{ ref("int_periods") }} as period
        on
            cast(answer.submitted_at as date) between period.period_start and period.period_end
            and period.period_grain = 'trailing_12m'
    where
        answer.is_scored
        and answer.customer_key is not null
        and answer.construct in ('experience', 'importance')
    group by 1, 2, 3, 4
),

people as (
    select
        customer_key,
        respondent_key,
        attribute_code,
        avg(own_score) as own_score,
        avg(importance_score) as importance_score
    from answers
    group by 1, 2, 3
),

customers as (
    select customer_key, attribute_code, avg(own_score) as own_score, avg(importance_score) as importance_score
    from people
    group by 1, 2
),

own_means as (
    select attribute_code, avg(own_score) as own_score, avg(importance_score) as importance_score
    from customers
    group by 1
),

scores as (
    select competitor_code, attribute_code, score, price_index
    from (
        select
            *,
            row_number() over (partition by competitor_code, attribute_code order by valid_from desc) as recency
        from {{ ref("competitor_score") }}
        where product_sku is null and segment_key = 'all:all' and valid_from <= {{ as_of_date() }}
    ) as ranked
    where recency = 1 and score > 0
),

maps as (
    select
        scores.competitor_code,
        sum(case when own_means.attribute_code <> 'price' then importance_score * own_score / score end)
        / sum(case when own_means.attribute_code <> 'price' and own_score is not null then importance_score end)
            as mpq_ratio,
        coalesce(
            max(100.0 / nullif(price_index, 0)),
            max(case when own_means.attribute_code = 'price' then score / nullif(own_score, 0) end)
        ) as relative_price
    from scores
    inner join own_means on scores.attribute_code = own_means.attribute_code
    group by 1
)

select
    maps.competitor_code,
    maps.mpq_ratio as expected_quality,
    value_map.mpq_ratio,
    maps.relative_price as expected_price,
    value_map.relative_price
from maps
full join (
    select *
    from {{ ref("value_map") }}
    where product_key = 'all' and segment_type = 'all' and period_grain = 'trailing_12m'
) as value_map
    on maps.competitor_code = value_map.competitor_code
where
    (maps.mpq_ratio is null) <> (value_map.mpq_ratio is null)
    or abs(maps.mpq_ratio - value_map.mpq_ratio) > 1e-6
    or (maps.relative_price is null) <> (value_map.relative_price is null)
    or abs(maps.relative_price - value_map.relative_price) > 1e-6
