-- How people of a segment use scales, whatever the questions: the more they agree, or the more they choose the ends.
with

answers as (
    select * from {{ ref("fct_survey_answer") }}
),

scales as (
    select * from {{ ref("dim_scale") }}
),

periods as (
    select *
    from {{ ref("int_periods") }}
    where period_grain in ('quarter', 'year', 'trailing_12m')
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

customer_styles as (
    select
        answers.customer_key,
        periods.period_grain,
        periods.period_start,
        count(*) as n_answers,
        count(case when answers.numeric_value > (scales.scale_min + scales.scale_max) / 2 then 1 end) as n_agreeing,
        count(case when answers.numeric_value in (scales.scale_min, scales.scale_max) then 1 end) as n_extreme
    from answers
    inner join scales on answers.scale_code = scales.scale_code
    inner join periods on cast(answers.submitted_at as date) between periods.period_start and periods.period_end
    where answers.is_scored and answers.customer_key is not null and scales.points >= 5
    group by 1, 2, 3
),

final as (
    select
        segments.segment_key,
        customer_styles.period_grain,
        customer_styles.period_start,
        cast(sum(customer_styles.n_answers) as bigint) as n_style_answers,
        {{ safe_divide("sum(customer_styles.n_agreeing)", "sum(customer_styles.n_answers)") }} as acquiescence_share,
        {{ safe_divide("sum(customer_styles.n_extreme)", "sum(customer_styles.n_answers)") }} as extreme_share
    from customer_styles
    inner join segments on customer_styles.customer_key = segments.customer_key
    group by 1, 2, 3
)

select * from final
