with

steps as (
    select * from {{ ref("int_ticket_steps") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

dated as (
    select
        'ticket' as process,
        steps.*,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete
    from steps
    inner join periods
        on cast(steps.left_at as date) between periods.period_start and periods.period_end
),

counted as (
    select
        process,
        from_state,
        to_state,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        count(*) as transitions,
        count(distinct ticket_id) as n_cases,
        cast(sum(case when is_return then 1 else 0 end) as bigint) as n_returns,
        cast(sum(seconds) as bigint) as total_seconds,
        cast(median(seconds) as double) / 60 as median_minutes,
        cast(percentile_cont(0.9) within group (order by seconds) as double) / 60 as p90_minutes
    from dated
    group by 1, 2, 3, 4, 5, 6, 7
),

-- Time after the work is done is nobody's bottleneck.
totalled as (
    select
        *,
        from_state not in ('solved', 'closed') as is_work,
        cast(sum(transitions) over (partition by process, from_state, period_grain, period_start) as bigint)
            as n_leaving,
        sum(case when from_state not in ('solved', 'closed') then total_seconds else 0 end)
            over (partition by process, period_grain, period_start) as work_seconds
    from counted
),

ranked as (
    select
        *,
        {{ safe_divide("transitions", "n_leaving") }} as share_of_leaving,
        {{ safe_divide("n_returns", "transitions") }} as rework_rate,
        {{ safe_divide("n_returns", "n_cases") }} as returns_per_case,
        cast(total_seconds as double) / 3600 as total_hours,
        case when is_work then {{ safe_divide("total_seconds", "work_seconds") }} end as time_share,
        row_number() over (
            partition by process, period_grain, period_start, is_work
            order by total_seconds desc, transitions desc, from_state, to_state
        ) as time_rank
    from totalled
),

final as (
    select
        process,
        from_state,
        to_state,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        transitions,
        n_cases,
        n_leaving,
        share_of_leaving,
        n_returns as loop_count,
        rework_rate,
        returns_per_case,
        median_minutes,
        p90_minutes,
        total_hours,
        is_work,
        time_share,
        case when is_work then cast(time_rank as integer) end as bottleneck_rank,
        n_cases >= {{ var("min_n_publish") }} as is_reportable,
        case
            when n_cases < {{ var("min_n_publish") }} then 'suppressed'
            when n_cases < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() | indent(8) }}
    from ranked
)

select * from final
