with

feedback as (
    select *
    from {{ ref("int_feedback") }}
    where customer_key is not null
),

periods as (
    select * from {{ ref("int_periods") }}
),

sourced as (
    select *, source as summary_source
    from feedback
    union all
    select *, 'all' as summary_source
    from feedback
),

final as (
    select
        sourced.customer_key,
        sourced.feedback_type,
        sourced.summary_source as source,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        count(*) as n_feedback,
        cast(sum(case when sourced.is_verbatim then 1 else 0 end) as bigint) as n_verbatims,
        cast(sum(case when sourced.is_complaint then 1 else 0 end) as bigint) as n_complaints,
        cast(sum(case when sourced.is_compliment then 1 else 0 end) as bigint) as n_compliments,
        count(sourced.is_complaint) as n_judged,
        {{ exact_avg("sourced.score_pomp") }} as score,
        {{ exact_avg("sourced.sentiment_score") }} as sentiment_score
    from sourced
    inner join periods
        on cast(sourced.submitted_at as date) between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5, 6, 7
)

select * from final
