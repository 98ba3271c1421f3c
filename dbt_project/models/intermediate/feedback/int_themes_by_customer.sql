with

mentions as (
    select *
    from {{ ref("int_feedback_theme_weights") }}
    where customer_key is not null
),

periods as (
    select * from {{ ref("int_periods") }}
),

dated as (
    select
        mentions.*,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        row_number() over (
            partition by
                mentions.customer_key, mentions.theme_code, periods.period_grain, periods.period_start,
                mentions.is_verbatim
            order by mentions.submitted_at desc, mentions.feedback_id
        ) as recency_rank
    from mentions
    inner join periods
        on cast(mentions.submitted_at as date) between periods.period_start and periods.period_end
),

-- A customer shows at most once among the examples of a theme.
final as (
    select
        customer_key,
        theme_code,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        cast(sum(case when is_verbatim then 1 else 0 end) as bigint) as n_mentions,
        cast(sum(case when is_verbatim then {{ exact("theme_weight") }} else 0 end) as decimal(18, 9))
            as weighted_mentions,
        cast(sum(case when collected_by = 'ticket_topic' then 1 else 0 end) as bigint) as n_tickets,
        cast(sum(case when is_verbatim and is_complaint then 1 else 0 end) as bigint) as n_complaints,
        cast(sum(case when is_verbatim and is_compliment then 1 else 0 end) as bigint) as n_compliments,
        {{ exact_avg("case when is_verbatim then sentiment_score end") }} as sentiment_score,
        max(case when is_verbatim and recency_rank = 1 then feedback_id end) as last_feedback_id,
        max(case when is_verbatim and recency_rank = 1 then submitted_at end) as last_submitted_at
    from dated
    group by 1, 2, 3, 4, 5, 6
)

select * from final
