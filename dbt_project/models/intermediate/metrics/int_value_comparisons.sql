with

customer_scores as (
    select * from {{ ref("int_attribute_scores_averaged") }}
),

competitor_scores as (
    select * from {{ ref("int_competitor_scores") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

own_means as (
    select
        customer_scores.product_key,
        segments.segment_key,
        customer_scores.period_grain,
        customer_scores.period_start,
        customer_scores.period_end,
        customer_scores.period_is_complete,
        customer_scores.attribute_code,
        {{ exact_avg("customer_scores.own_score") }} as own_score,
        {{ exact_avg("customer_scores.importance_score") }} as importance_score,
        count(customer_scores.own_score) as n_own,
        count(customer_scores.importance_score) as n_importance
    from customer_scores
    inner join segments on customer_scores.customer_key = segments.customer_key
    group by 1, 2, 3, 4, 5, 6, 7
),

rivals as (
    select
        competitor_code,
        product_key,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        competitor_scope,
        case when min(score_source) = max(score_source) then max(score_source) else 'several' end as competitor_source
    from competitor_scores
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

compared as (
    select
        rivals.*,
        own_means.period_end,
        own_means.period_is_complete,
        own_means.attribute_code,
        own_means.attribute_code = 'price' as is_price,
        own_means.own_score,
        own_means.importance_score,
        own_means.n_own,
        own_means.n_importance,
        nullif(competitor_scores.competitor_score, 0) as competitor_score,
        competitor_scores.price_index,
        {{ performance_ratio("own_means.own_score", "competitor_scores.competitor_score") }} as performance_ratio
    from rivals
    inner join own_means
        on
            rivals.product_key = own_means.product_key
            and rivals.segment_key = own_means.segment_key
            and rivals.period_grain = own_means.period_grain
            and rivals.period_start = own_means.period_start
    left join competitor_scores
        on
            rivals.competitor_code = competitor_scores.competitor_code
            and rivals.product_key = competitor_scores.product_key
            and rivals.segment_key = competitor_scores.segment_key
            and rivals.period_grain = competitor_scores.period_grain
            and rivals.period_start = competitor_scores.period_start
            and own_means.attribute_code = competitor_scores.attribute_code
),

-- Price is what quality is paid with, no quality.
judged as (
    select
        *,
        not is_price and performance_ratio is not null and importance_score is not null as is_compared
    from compared
),

totalled as (
    select
        *,
        cast(sum(case when is_compared then {{ exact("importance_score") }} end) over rival as double)
            as compared_importance,
        cast(sum(case when not is_price then {{ exact("importance_score") }} end) over rival as double)
            as quality_importance
    from judged
    window
        rival as (partition by competitor_code, product_key, segment_key, period_grain, period_start)
),

final as (
    select
        *,
        case when is_compared then {{ safe_divide("importance_score", "compared_importance") }} end as weight
    from totalled
)

select * from final
