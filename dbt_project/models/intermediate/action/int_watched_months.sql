{%- set shares = ["share", "percent"] -%}
{%- set series = "partition by metric_code, attribute_code, segment_key order by period_start" -%}
{%- set longest = var("alert_baseline_months") | int -%}
{%- set shortest = 8 -%}  {#- months; fewer say too little about what is usual -#}
{%- set run = 8 -%}  {#- months on one side of the mean: by chance once in 128 -#}

with

kpis as (
    select * from {{ ref("kpi_current_state") }}
),

gaps as (
    select * from {{ ref("satisfaction_gap") }}
),

metrics as (
    select * from {{ ref("dim_metric") }}
),

-- Figures of all orders are no samples: chance says nothing about them. Churn is retention once more. The rate of
-- repurchase falls by itself, as those who left long ago stay in its denominator.
unioned as (
    select
        metric_code,
        'all' as attribute_code,
        {{ segment_and_period() | indent(8) }},
        metric_value,
        se,
        ci_high,
        n_customers,
        case when metric_code in ({{ literals(customer_equal_metrics()) }}) then n_customers else n_responses end as n,
        is_reportable,
        reliability
    from kpis
    where se is not null and metric_code not in ('logo_churn', 'repurchase_rate')
    union all
    select
        'satisfaction_gap' as metric_code,
        attribute_code,
        {{ segment_and_period() | indent(8) }},
        gap_score as metric_value,
        se,
        ci_high,
        n_customers,
        n_customers as n,
        is_reportable,
        reliability
    from gaps
    where se is not null
),

-- All customers and market segments alone: each further series adds its false alarms.
months as (
    select
        unioned.*,
        metrics.unit,
        metrics.direction,
        case when metrics.unit = 'percent' then 100 else 1 end as whole,
        cast(unioned.n * unioned.metric_value as decimal(38, 9)) as weighted_value,
        cast((unioned.n - 1) * unioned.n * unioned.se * unioned.se as decimal(38, 9)) as weighted_variance
    from unioned
    inner join metrics on unioned.metric_code = metrics.metric_code
    where
        unioned.period_grain = 'month'
        and unioned.period_is_complete
        and unioned.is_reportable
        and unioned.segment_type in ('all', 'market_segment')
        and unioned.segment_value <> 'unknown'
),

usual as (
    select
        *,
        count(*) over baseline as n_baseline_months,
        {{ safe_divide("sum(weighted_value) over baseline", "sum(n) over baseline") }} as baseline_value,
        {{ safe_divide("sum(weighted_variance) over baseline", "sum(n - 1) over baseline") }} as baseline_variance,
        count(*) over before_run as n_months_before_run,
        {{ safe_divide("sum(weighted_value) over before_run", "sum(n) over before_run") }} as value_before_run,
        {{ safe_divide("sum(weighted_value) over run", "sum(n) over run") }} as run_value,
        min(metric_value) over run as run_minimum,
        max(metric_value) over run as run_maximum,
        count(*) over run = {{ run }}
        and min(period_start) over run = {{ months_after("period_start", 1 - run) }} as is_run_whole
    from months
    window
        baseline as ({{ series }} rows between {{ longest }} preceding and 1 preceding),
        before_run as ({{ series }} rows between {{ longest + run - 1 }} preceding and {{ run }} preceding),
        run as ({{ series }} rows between {{ run - 1 }} preceding and current row)
),

limited as (
    select
        *,
        case
            when n_baseline_months < {{ shortest }} then null
            when unit in ({{ literals(shares) }})
                then whole * {{ share_chart_half_width(clip("baseline_value / whole", 0, 1), "n") }}
            else {{ mean_chart_half_width("baseline_variance", "n") }}
        end as half_width,
        case
            when not is_run_whole or n_months_before_run < {{ shortest }} then null
            when run_minimum > value_before_run then 'above'
            when run_maximum < value_before_run then 'below'
        end as run_side
    from usual
),

judged as (
    select
        *,
        case
            when metric_value > baseline_value + half_width then 'above'
            when metric_value < baseline_value - half_width then 'below'
        end as limit_side,
        case run_side
            when 'above' then count(case when run_side = 'above' then 1 end) over since = 0
            when 'below' then count(case when run_side = 'below' then 1 end) over since = 0
            else false
        end as is_run_new,
        lead(period_start) over ({{ series }}) is null
        and {{ months_between("period_end", as_of_date()) }} <= 2 as is_newest
    from limited
    window since as ({{ series }} rows between {{ run - 1 }} preceding and 1 preceding)
),

final as (
    select
        metric_code,
        attribute_code,
        {{ segment_and_period() | indent(8) }},
        unit,
        direction,
        metric_value,
        ci_high,
        n_customers,
        reliability,
        n_baseline_months,
        baseline_value,
        baseline_value - half_width as limit_low,
        baseline_value + half_width as limit_high,
        limit_side,
        n_months_before_run,
        value_before_run,
        run_value,
        run_side,
        is_run_new,
        is_newest
    from judged
)

select * from final
