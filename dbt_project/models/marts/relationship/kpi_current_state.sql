with

kpis as (
    select * from {{ ref("int_kpis_unioned") }}
),

metrics as (
    select * from {{ ref("dim_metric") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

critical as (
    select {{ critical_z() }} as z
),

listed as (
    {% for metric_code in kpis() -%}
    select '{{ metric_code }}' as metric_code
    {{- " union all" if not loop.last }}
    {% endfor %}
),

-- A metric nobody has data for is said to be without data, not left out.
without_data as (
    select
        listed.metric_code,
        'all:all' as segment_key,
        'all' as segment_type,
        'all' as segment_value,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        cast(null as double) as metric_value,
        cast(null as double) as se,
        cast(null as double) as ci_low,
        cast(null as double) as ci_high,
        cast(0 as bigint) as n_responses,
        cast(0 as bigint) as n_customers
    from listed
    cross join periods
    where
        periods.period_grain = 'trailing_12m'
        and listed.metric_code not in (
            select kpis.metric_code
            from kpis
            where kpis.segment_key = 'all:all' and kpis.period_grain = 'trailing_12m'
        )
),

measured as (
    select * from kpis
    union all
    select * from without_data
),

followed as (
    select
        *,
        lag(metric_value) over history as earlier_value,
        lag(se) over history as earlier_se,
        lag(period_end) over history as earlier_end
    from measured
    window history as (partition by metric_code, segment_key, period_grain order by period_start)
),

compared as (
    select
        followed.*,
        critical.z as critical_value,
        case when {{ days_after("followed.earlier_end", 1) }} = followed.period_start then followed.earlier_value end
            as prior_value,
        case
            when {{ days_after("followed.earlier_end", 1) }} = followed.period_start
                then {{ z_of_difference(
                    "followed.metric_value", "followed.se", "followed.earlier_value", "followed.earlier_se"
                ) }}
        end as z_vs_prior
    from followed
    cross join critical
),

final as (
    select
        compared.metric_code,
        compared.segment_key,
        compared.segment_type,
        compared.segment_value,
        compared.period_grain,
        compared.period_start,
        compared.period_end,
        compared.period_is_complete,
        metrics.unit,
        metrics.direction,
        compared.metric_value,
        compared.se,
        compared.ci_low,
        compared.ci_high,
        compared.prior_value,
        compared.metric_value - compared.prior_value as delta,
        compared.z_vs_prior,
        abs(compared.z_vs_prior) >= compared.critical_value as is_significant,
        cast(compared.n_responses as bigint) as n_responses,
        cast(compared.n_customers as bigint) as n_customers,
        compared.metric_value is not null as is_available,
        {{ is_reportable("compared.n_customers") }} as is_reportable,
        {{ reliability("compared.n_customers") }} as reliability,
        {{ lineage_columns() | indent(8) }}
    from compared
    left join metrics on compared.metric_code = metrics.metric_code
)

select * from final
