with

watched as (
    select * from {{ ref("int_watched_months") }}
),

gaps as (
    select * from {{ ref("cx_gap") }}
    where gap_type = 'target'
),

streams as (
    select * from {{ ref("freshness") }}
    where is_stale
),

targets as (
    select * from {{ ref("dim_target") }}
    where is_valid and is_usable
),

metrics as (
    select * from {{ ref("dim_metric") }}
),

service_levels as (
    select
        *,
        coalesce(ci_high < {{ var("alert_sla_share") }}, false) as is_broken
    from watched
    where metric_code = 'sla_met_rate'
),

followed_service_levels as (
    select
        *,
        lag(is_broken) over (partition by segment_key order by period_start) as was_broken
    from service_levels
),

{% set monthly = "metric_code, attribute_code, segment_key, segment_type, segment_value, period_start, period_end,"
    ~ " is_newest as is_new" -%}
{%- set sourceless = "cast(null as varchar) as source, cast(null as bigint) as n_streams" -%}
fired as (
    select
        'control_limit' as rule,
        {{ monthly }},
        {{ sourceless }},
        metric_value,
        limit_side as side,
        case when limit_side = 'above' then limit_high else limit_low end as limit_value,
        baseline_value,
        n_baseline_months,
        n_customers,
        reliability
    from watched
    where limit_side is not null
    union all
    select
        'run_of_8' as rule,
        {{ monthly }},
        {{ sourceless }},
        run_value as metric_value,
        run_side as side,
        value_before_run as limit_value,
        value_before_run as baseline_value,
        n_months_before_run as n_baseline_months,
        n_customers,
        reliability
    from watched
    where is_run_new
    union all
    select
        'sla' as rule,
        {{ monthly }},
        {{ sourceless }},
        metric_value,
        'below' as side,
        {{ var("alert_sla_share") }} as limit_value,
        cast(null as double) as baseline_value,
        cast(null as bigint) as n_baseline_months,
        n_customers,
        reliability
    from followed_service_levels
    where is_broken and was_broken is distinct from true
    union all
    select
        'target_breach' as rule,
        metric_code,
        attribute_code,
        segment_key,
        segment_type,
        segment_value,
        cast(date_trunc('quarter', {{ as_of_date() }}) as date) as period_start,
        {{ as_of_date() }} as period_end,
        true as is_new,
        {{ sourceless }},
        current_value as metric_value,
        case when direction = 'lower_better' then 'above' else 'below' end as side,
        desired_value as limit_value,
        cast(null as double) as baseline_value,
        cast(null as bigint) as n_baseline_months,
        n_customers,
        reliability
    from gaps
    where is_reportable and gap_to_close_low > 0
    union all
    select
        'freshness' as rule,
        cast(null as varchar) as metric_code,
        'all' as attribute_code,
        'all:all' as segment_key,
        'all' as segment_type,
        'all' as segment_value,
        {{ days_after("last_loaded_as_of", 1) }} as period_start,
        {{ as_of_date() }} as period_end,
        true as is_new,
        source,
        count(*) as n_streams,
        cast(max(nights_behind) as double) as metric_value,
        'above' as side,
        0 as limit_value,
        cast(null as double) as baseline_value,
        cast(null as bigint) as n_baseline_months,
        cast(null as bigint) as n_customers,
        'reliable' as reliability
    from streams
    group by source, last_loaded_as_of
),

final as (
    select
        fired.rule || '|' || coalesce(fired.source, fired.metric_code) || '|' || fired.attribute_code || '|'
        || fired.segment_key || '|' || coalesce(cast(fired.period_start as varchar), 'never') as alert_id,
        fired.rule,
        fired.metric_code,
        fired.attribute_code,
        fired.segment_key,
        fired.segment_type,
        fired.segment_value,
        fired.source,
        cast(fired.n_streams as bigint) as n_streams,
        fired.period_start,
        fired.period_end,
        coalesce(metrics.unit, 'nights') as unit,
        fired.metric_value,
        fired.side,
        cast(fired.limit_value as double) as limit_value,
        fired.baseline_value,
        cast(fired.n_baseline_months as bigint) as n_baseline_months,
        fired.metric_code is null
        or metrics.direction = 'higher_better' and fired.side = 'below'
        or metrics.direction = 'lower_better' and fired.side = 'above' as is_harmful,
        fired.is_new,
        targets.owner,
        cast(fired.n_customers as bigint) as n_customers,
        true as is_reportable,
        fired.reliability,
        {{ lineage_columns() | indent(8) }}
    from fired
    left join metrics on fired.metric_code = metrics.metric_code
    left join targets
        on
            fired.metric_code = targets.metric_code
            and fired.attribute_code = coalesce(targets.attribute_code, 'all')
            and fired.segment_key = targets.segment_key
)

select * from final
