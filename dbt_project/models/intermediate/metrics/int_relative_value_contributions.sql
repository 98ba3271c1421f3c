with

comparisons as (
    select * from {{ ref("int_value_comparisons") }}
),

value_maps as (
    select * from {{ ref("int_value_maps") }}
),

customer_scores as (
    select * from {{ ref("int_attribute_scores_averaged") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

-- How far each customer's answers move the relative value: its derivative by each mean, times the distance from it.
-- Stated importance comes from the same customers, so it moves the value as well; the competitor's score is given.
moved as (
    select
        value_maps.competitor_code,
        value_maps.product_key,
        value_maps.segment_key,
        value_maps.period_grain,
        value_maps.period_start,
        value_maps.relative_value_ratio,
        customer_scores.customer_key,
        customer_scores.n_responses,
        case
            when comparisons.is_compared
                then
                    coalesce({{ safe_divide(
                        "comparisons.weight / comparisons.competitor_score"
                        ~ " * (customer_scores.own_score - comparisons.own_score)",
                        "comparisons.n_own * value_maps.relative_price"
                    ) }}, 0)
                    + coalesce({{ safe_divide(
                        "(comparisons.performance_ratio - value_maps.mpq_ratio)"
                        ~ " * (customer_scores.importance_score - comparisons.importance_score)",
                        "comparisons.compared_importance * comparisons.n_importance * value_maps.relative_price"
                    ) }}, 0)
            else
                coalesce({{ safe_divide(
                    "value_maps.mpq_ratio * (customer_scores.own_score - comparisons.own_score)",
                    "comparisons.competitor_score * comparisons.n_own"
                ) }}, 0)
        end as movement
    from value_maps
    inner join comparisons
        on
            value_maps.competitor_code = comparisons.competitor_code
            and value_maps.product_key = comparisons.product_key
            and value_maps.segment_key = comparisons.segment_key
            and value_maps.period_grain = comparisons.period_grain
            and value_maps.period_start = comparisons.period_start
    inner join segments on value_maps.segment_key = segments.segment_key
    inner join customer_scores
        on
            segments.customer_key = customer_scores.customer_key
            and value_maps.product_key = customer_scores.product_key
            and value_maps.period_grain = customer_scores.period_grain
            and value_maps.period_start = customer_scores.period_start
            and comparisons.attribute_code = customer_scores.attribute_code
    where
        value_maps.relative_value_ratio is not null
        and (comparisons.is_compared or (comparisons.is_price and value_maps.relative_price_basis = 'price_score'))
),

customer_movements as (
    select
        competitor_code,
        product_key,
        segment_key,
        period_grain,
        period_start,
        relative_value_ratio,
        customer_key,
        max(n_responses) as n_responses,
        -- Twelve decimals: a customer moves a mean over many by little.
        cast(sum(cast(movement as decimal(18, 12))) as double) as movement
    from moved
    group by 1, 2, 3, 4, 5, 6, 7
),

final as (
    select
        *,
        relative_value_ratio
        + movement * count(*) over (partition by competitor_code, product_key, segment_key, period_grain, period_start)
            as contribution
    from customer_movements
)

select * from final
