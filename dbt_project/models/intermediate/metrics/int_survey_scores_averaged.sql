with

metric_answers as (
    select * from {{ ref("int_metric_answers_unioned") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

respondent_scores as (
    select
        metric_answers.customer_key,
        metric_answers.respondent_key,
        metric_answers.metric_code,
        metric_answers.area,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        {{ exact_avg("metric_answers.score_pomp") }} as score,
        {{ exact_avg("metric_answers.top_box") }} as top_box_share,
        {{ exact_avg("metric_answers.bottom_box") }} as bottom_box_share,
        {{ exact_avg("metric_answers.weight_nonresponse") }} as weight_nonresponse,
        min(metric_answers.scale_key) as first_scale_key,
        max(metric_answers.scale_key) as last_scale_key,
        count(distinct metric_answers.response_key) as n_responses,
        count(*) as n_answers,
        sum(metric_answers.top_box) as n_top_box,
        sum(metric_answers.bottom_box) as n_bottom_box
    from metric_answers
    inner join periods
        on cast(metric_answers.submitted_at as date) between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

customer_scores as (
    select
        customer_key,
        metric_code,
        area,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ exact_avg("score") }} as score,
        {{ exact_avg("top_box_share") }} as top_box_share,
        {{ exact_avg("bottom_box_share") }} as bottom_box_share,
        {{ exact_avg("weight_nonresponse") }} as weight_nonresponse,
        min(first_scale_key) as first_scale_key,
        max(last_scale_key) as last_scale_key,
        cast(sum(n_responses) as bigint) as n_responses,
        cast(sum(n_answers) as bigint) as n_answers,
        cast(sum(n_top_box) as bigint) as n_top_box,
        cast(sum(n_bottom_box) as bigint) as n_bottom_box
    from respondent_scores
    group by 1, 2, 3, 4, 5, 6, 7
)

select * from customer_scores
