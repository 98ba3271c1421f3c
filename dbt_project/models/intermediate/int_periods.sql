with

first_events as (
    select min(ordered_at) as occurred_at from {{ ref("int_orders") }}
    union all
    select min(created_at) as occurred_at from {{ ref("int_tickets") }}
    union all
    select min(submitted_at) as occurred_at from {{ ref("int_survey_responses") }}
),

bounds as (
    select cast(date_trunc('month', coalesce(min(occurred_at), {{ as_of_date() }})) as date) as first_month
    from first_events
),

month_numbers as (
    select
        first_month,
        {{ integers_between("0", months_between("first_month", as_of_date())) }} as month_number
    from bounds
),

months as (
    select {{ months_after("first_month", "month_number") }} as month_start
    from month_numbers
),

starts as (
    select 'month' as period_grain, month_start as period_start, 1 as n_months
    from months
    union
    select 'quarter' as period_grain, cast(date_trunc('quarter', month_start) as date) as period_start, 3 as n_months
    from months
    union
    select 'year' as period_grain, cast(date_trunc('year', month_start) as date) as period_start, 12 as n_months
    from months
),

calendar_periods as (
    select
        period_grain,
        period_start,
        {{ days_after(months_after("period_start", "n_months"), -1) }} as period_end
    from starts
),

trailing_periods as (
    select
        'trailing_90d' as period_grain,
        {{ days_after(as_of_date(), -89) }} as period_start,
        {{ as_of_date() }} as period_end
    union all
    select
        'trailing_12m' as period_grain,
        {{ days_after(months_after(as_of_date(), -12), 1) }} as period_start,
        {{ as_of_date() }} as period_end
),

unioned as (
    select * from calendar_periods
    union all
    select * from trailing_periods
),

final as (
    select
        *,
        period_end <= {{ as_of_date() }} as period_is_complete
    from unioned
)

select * from final
