with

competitor_scores as (
    select *
    from {{ ref("int_competitor_scores") }}
    where product_key = 'all' and competitor_score is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by segment_key, period_grain, period_start, attribute_code
            order by competitor_score desc, competitor_code
        ) as place
    from competitor_scores
),

final as (
    select
        segment_key,
        period_grain,
        period_start,
        attribute_code,
        competitor_code,
        competitor_score,
        competitor_scope
    from ranked
    where place = 1
)

select * from final
