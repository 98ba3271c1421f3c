{%- set columns = {
    "satisfaction_gap": ("gap_score", "ci_low", "ci_high"),
    "experience_of_attribute": ("experience_score", "experience_low", "experience_high"),
    "servperf": ("servperf_score", "cast(null as double)", "cast(null as double)"),
    "shortfall": ("shortfall_mean", "cast(null as double)", "cast(null as double)"),
    "share_shortfall": ("share_shortfall", "cast(null as double)", "cast(null as double)"),
} -%}

with

kpis as (
    select * from {{ ref("kpi_current_state") }}
),

satisfaction_gaps as (
    select * from {{ ref("satisfaction_gap") }}
),

critical_t as (
    {{ t_quantiles("satisfaction_gaps", "n_customers - 1") | indent(4) }}
),

attributes as (
    select
        satisfaction_gaps.*,
        {{ mean_low("experience_score", "experience_se", "critical_t.t_quantile", 0, 100) }} as experience_low,
        {{ mean_high("experience_score", "experience_se", "critical_t.t_quantile", 0, 100) }} as experience_high
    from satisfaction_gaps
    left join critical_t on satisfaction_gaps.n_customers - 1 = critical_t.degrees_of_freedom
),

final as (
    select
        metric_code,
        'all' as attribute_code,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        metric_value,
        ci_low,
        ci_high,
        n_customers
    from kpis
    where is_available
    {%- for metric_code in attribute_metrics() %}
    union all
    select
        '{{ metric_code }}' as metric_code,
        attribute_code,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ columns[metric_code][0] }} as metric_value,
        {{ columns[metric_code][1] }} as ci_low,
        {{ columns[metric_code][2] }} as ci_high,
        n_customers
    from attributes
    where {{ columns[metric_code][0] }} is not null
    {%- endfor %}
)

select * from final
