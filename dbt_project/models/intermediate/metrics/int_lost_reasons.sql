with

deals as (
    select * from {{ ref("int_deals_by_segment") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

meanings as (
    select * from {{ ref("lost_reason") }}
),

counted as (
    select
        deals.segment_key,
        deals.channel,
        periods.period_grain,
        periods.period_start,
        deals.lost_reason,
        coalesce(meanings.is_value_gap, false) as is_value_gap,
        count(*) as n_deals
    from deals
    inner join periods on deals.closed_on between periods.period_start and periods.period_end
    left join meanings on deals.lost_reason = meanings.lost_reason
    where not deals.is_return and not deals.is_won and deals.lost_reason is not null
    group by 1, 2, 3, 4, 5, 6
),

ranked as (
    select
        *,
        row_number() over (
            partition by segment_key, channel, period_grain, period_start order by n_deals desc, lost_reason
        ) as reason_rank
    from counted
),

final as (
    select
        segment_key,
        channel,
        period_grain,
        period_start,
        cast(sum(n_deals) as bigint) as lost_with_reason,
        max(case when reason_rank = 1 then lost_reason end) as lost_reason_top,
        cast(max(case when reason_rank = 1 then n_deals end) as bigint) as lost_for_top_reason,
        cast(sum(case when is_value_gap then n_deals else 0 end) as bigint) as lost_to_value
    from ranked
    group by 1, 2, 3, 4
)

select * from final
