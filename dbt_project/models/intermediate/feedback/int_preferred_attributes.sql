with

attribute_scores as (
    select *
    from {{ ref("int_attribute_scores") }}
    where importance_score is not null and customer_key is not null
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

respondent_scores as (
    select
        attribute_scores.customer_key,
        attribute_scores.respondent_key,
        attribute_scores.attribute_code,
        periods.period_grain,
        periods.period_start,
        {{ exact_avg("attribute_scores.importance_score") }} as importance_score
    from attribute_scores
    inner join periods
        on cast(attribute_scores.submitted_at as date) between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5
),

customer_scores as (
    select
        customer_key,
        attribute_code,
        period_grain,
        period_start,
        {{ exact_avg("importance_score") }} as importance_score
    from respondent_scores
    group by 1, 2, 3, 4
),

segment_scores as (
    select
        segments.segment_key,
        customer_scores.attribute_code,
        customer_scores.period_grain,
        customer_scores.period_start,
        {{ exact_avg("customer_scores.importance_score") }} as importance_score
    from customer_scores
    inner join segments on customer_scores.customer_key = segments.customer_key
    group by 1, 2, 3, 4
),

ranked as (
    select
        *,
        row_number() over (
            partition by segment_key, period_grain, period_start
            order by importance_score desc, attribute_code
        ) as preference_rank
    from segment_scores
),

final as (
    select
        segment_key,
        period_grain,
        period_start,
        attribute_code,
        importance_score
    from ranked
    where preference_rank = 1
)

select * from final
