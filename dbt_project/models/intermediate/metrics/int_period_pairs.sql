with

periods as (
    select * from {{ ref("int_periods") }}
),

order_lines as (
    select * from {{ ref("fct_order_line") }}
),

history as (
    select cast(date_trunc('month', min(ordered_at)) as date) as first_month
    from order_lines
    where is_clean_sale
),

whole_periods as (
    select
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        case periods.period_grain when 'month' then 1 when 'quarter' then 3 else 12 end as n_months
    from periods
    cross join history
    where
        periods.period_grain in ('month', 'quarter', 'year')
        and periods.period_is_complete
        and periods.period_start >= history.first_month
),

sought as (
    select
        *,
        'previous' as comparison,
        {{ months_after("period_start", "-n_months") }} as prior_start
    from whole_periods
    union all
    select
        *,
        'year_before' as comparison,
        {{ months_after("period_start", -12) }} as prior_start
    from whole_periods
    where period_grain <> 'year'
),

pairs as (
    select
        sought.period_grain,
        sought.comparison,
        sought.period_start,
        sought.period_end,
        sought.prior_start,
        whole_periods.period_end as prior_end
    from sought
    inner join whole_periods
        on sought.period_grain = whole_periods.period_grain and sought.prior_start = whole_periods.period_start
),

months as (
    select period_start as month_start
    from whole_periods
    where period_grain = 'month'
),

final as (
    select
        pairs.*,
        months.month_start,
        months.month_start >= pairs.period_start as is_current
    from pairs
    inner join months
        on
            months.month_start between pairs.period_start and pairs.period_end
            or months.month_start between pairs.prior_start and pairs.prior_end
)

select * from final
