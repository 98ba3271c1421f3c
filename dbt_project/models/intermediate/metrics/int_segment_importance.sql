-- How much each attribute counts in a segment, by what its customers say; the shares of a segment's attributes add up.
with

customer_scores as (
    select *
    from {{ ref("int_attribute_scores_averaged") }}
    where period_grain = 'trailing_12m' and product_key = 'all' and importance_score is not null
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

attribute_means as (
    select
        segments.segment_key,
        customer_scores.attribute_code,
        {{ exact_avg("customer_scores.importance_score") }} as importance_score
    from customer_scores
    inner join segments on customer_scores.customer_key = segments.customer_key
    group by 1, 2
)

select
    segment_key,
    attribute_code,
    importance_score,
    {{ safe_divide(
        "importance_score", "sum(" ~ exact("importance_score") ~ ") over (partition by segment_key)"
    ) }} as importance_share
from attribute_means
