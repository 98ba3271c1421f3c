with

deals as (
    select * from {{ ref("int_deals_by_segment") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

opened as (
    select
        deals.segment_key,
        deals.channel,
        periods.period_grain,
        periods.period_start,
        count(*) as deals_created
    from deals
    inner join periods on deals.opened_on between periods.period_start and periods.period_end
    where not deals.is_return and deals.opened_on <= {{ as_of_date() }}
    group by 1, 2, 3, 4
),

-- Open at the end of a period is what was opened until then, less what was closed: counted by day, since a deal is
-- open at the end of many periods.
movements as (
    select
        segment_key,
        channel,
        opened_on as moved_on,
        1 as n,
        amount
    from deals
    where not is_return and opened_on <= {{ as_of_date() }}
    union all
    select
        segment_key,
        channel,
        greatest(opened_on, closed_on) as moved_on,
        -1 as n,
        -amount as amount
    from deals
    where not is_return and opened_on <= {{ as_of_date() }} and closed_on is not null
),

daily_movements as (
    select
        segment_key,
        channel,
        moved_on,
        sum(n) as n,
        sum(amount) as amount
    from movements
    group by 1, 2, 3
),

still_open as (
    select
        daily_movements.segment_key,
        daily_movements.channel,
        periods.period_grain,
        periods.period_start,
        sum(daily_movements.n) as deals_open,
        sum(daily_movements.amount) as open_amount
    from daily_movements
    inner join periods on daily_movements.moved_on <= periods.period_end
    group by 1, 2, 3, 4
    having sum(daily_movements.n) > 0
),

closed as (
    select
        deals.segment_key,
        deals.channel,
        periods.period_grain,
        periods.period_start,
        count(case when not deals.is_return then 1 end) as deals_closed,
        count(case when not deals.is_return and deals.is_won then 1 end) as deals_won,
        count(case when not deals.is_return and not deals.is_won then 1 end) as deals_lost,
        count(distinct case when not deals.is_return then deals.customer_key end) as n_customers,
        count(case when deals.is_return and deals.is_won then 1 end) as n_returns,
        sum(case when deals.is_return and deals.is_won then deals.amount end) as returned_amount,
        sum(case when deals.is_won and not deals.is_return then deals.amount end) as won_amount,
        count(case when deals.is_won and not deals.is_return then deals.amount end) as deals_won_with_amount,
        -- Median and 90th percentile at once: each of them would keep every value.
        quantile_cont(
            case when deals.is_won and not deals.is_return then deals.won_cycle_days end, [0.5, 0.9]
        ) as sales_cycle_days_quantiles
    from deals
    inner join periods on deals.closed_on between periods.period_start and periods.period_end
    group by 1, 2, 3, 4
),

keys as (
    select segment_key, channel, period_grain, period_start from opened
    union
    select segment_key, channel, period_grain, period_start from still_open
    union
    select segment_key, channel, period_grain, period_start from closed
),

final as (
    select
        keys.segment_key,
        keys.channel,
        keys.period_grain,
        keys.period_start,
        cast(coalesce(opened.deals_created, 0) as bigint) as deals_created,
        cast(coalesce(still_open.deals_open, 0) as bigint) as deals_open,
        cast(coalesce(still_open.open_amount, 0) as decimal(18, 2)) as open_amount,
        cast(coalesce(closed.deals_closed, 0) as bigint) as deals_closed,
        cast(coalesce(closed.deals_won, 0) as bigint) as deals_won,
        cast(coalesce(closed.deals_lost, 0) as bigint) as deals_lost,
        cast(coalesce(closed.n_customers, 0) as bigint) as n_customers,
        cast(coalesce(closed.n_returns, 0) as bigint) as n_returns,
        cast(coalesce(closed.returned_amount, 0) as decimal(18, 2)) as returned_amount,
        cast(coalesce(closed.won_amount, 0) as decimal(18, 2)) as won_amount,
        cast(coalesce(closed.deals_won_with_amount, 0) as bigint) as deals_won_with_amount,
        cast(closed.sales_cycle_days_quantiles[1] as double) as sales_cycle_days_median,
        cast(closed.sales_cycle_days_quantiles[2] as double) as sales_cycle_days_p90
    from keys
    {% for side in ["opened", "still_open", "closed"] -%}
    left join {{ side }}
        on
            keys.segment_key = {{ side }}.segment_key
            and keys.channel = {{ side }}.channel
            and keys.period_grain = {{ side }}.period_grain
            and keys.period_start = {{ side }}.period_start
    {% endfor %}
)

select * from final
