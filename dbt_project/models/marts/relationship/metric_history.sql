{%- set settled_after_days = 35 -%}  {#- late answers and tickets come within weeks -#}
{%- set tolerance = "1e-9 * greatest(1, abs(last_value))" -%}  {#- what rounding can do -#}
{%- set period = ["metric_code", "segment_key", "period_grain", "period_start"] -%}

with

kpis as (
    select * from {{ ref("kpi_current_state") }}
),

metrics as (
    select * from {{ ref("dim_metric") }}
),

earlier_nights as (
    select *
    from {{ source("ops", "metric_history") }}
    where recorded_as_of < {{ as_of_date() }}
),

-- Long enough periods of large enough groups: the history of every country's month would be of chance.
tonight as (
    select
        kpis.metric_code,
        kpis.segment_key,
        kpis.period_grain,
        kpis.period_start,
        kpis.period_end,
        kpis.metric_value,
        kpis.n_responses,
        kpis.n_customers,
        metrics.formula_version
    from kpis
    inner join metrics on kpis.metric_code = metrics.metric_code
    where
        kpis.is_available
        and kpis.segment_type in ('all', 'market_segment')
        and kpis.period_grain in ('month', 'quarter', 'trailing_12m')
),

ranked_nights as (
    select
        *,
        row_number() over (partition by {{ period | join(", ") }} order by recorded_as_of desc) as recency
    from earlier_nights
),

last_said as (
    select
        metric_code,
        segment_key,
        period_grain,
        period_start,
        period_end as last_period_end,
        recorded_as_of as last_recorded_as_of,
        metric_value as last_value,
        n_responses as last_n_responses,
        n_customers as last_n_customers,
        formula_version as last_formula_version,
        recorded_config_hash as last_config_hash
    from ranked_nights
    where recency = 1
),

-- Twelve months that ended on another night are another period; a month that is gone was withdrawn.
compared as (
    select
        {% for column in period -%}
        coalesce(tonight.{{ column }}, last_said.{{ column }}) as {{ column }},
        {% endfor -%}
        coalesce(tonight.period_end, last_said.last_period_end) as period_end,
        tonight.metric_value,
        coalesce(tonight.n_responses, 0) as n_responses,
        coalesce(tonight.n_customers, 0) as n_customers,
        coalesce(tonight.formula_version, last_said.last_formula_version) as formula_version,
        last_said.last_recorded_as_of,
        last_said.last_value,
        last_said.last_n_responses,
        last_said.last_n_customers,
        last_said.last_formula_version,
        last_said.last_config_hash,
        (tonight.metric_value is null) <> (last_said.last_value is null)
        or coalesce(abs(tonight.metric_value - last_said.last_value) > {{ tolerance }}, false) as is_changed
    from tonight
    full outer join last_said
        on
            tonight.metric_code = last_said.metric_code
            and tonight.segment_key = last_said.segment_key
            and tonight.period_grain = last_said.period_grain
            and tonight.period_start = last_said.period_start
    where tonight.period_grain is not null or last_said.period_grain <> 'trailing_12m'
),

judged as (
    select
        *,
        last_recorded_as_of is not null
        and is_changed
        and period_end < {{ days_after(as_of_date(), -settled_after_days) }} as is_restated
    from compared
    where
        is_changed
        or last_recorded_as_of is null
        or n_responses <> last_n_responses
        or n_customers <> last_n_customers
        or formula_version <> last_formula_version
),

said_tonight as (
    select
        metric_code,
        segment_key,
        period_grain,
        period_start,
        period_end,
        {{ as_of_date() }} as recorded_as_of,
        metric_value,
        cast(n_responses as bigint) as n_responses,
        cast(n_customers as bigint) as n_customers,
        formula_version,
        cast('{{ var("config_hash") }}' as varchar) as recorded_config_hash,
        is_restated,
        last_value as prior_value,
        case when is_restated then metric_value - last_value end as restated_delta,
        case
            when not is_restated then null
            when
                formula_version <> last_formula_version or last_config_hash <> '{{ var("config_hash") }}'
                then 'definition'
            when n_responses > last_n_responses then 'late_data'
            when n_responses = last_n_responses and n_customers <> last_n_customers then 'identity'
            else 'correction'
        end as reason
    from judged
),

{% set recorded = period + [
    "period_end", "recorded_as_of", "metric_value", "n_responses", "n_customers", "formula_version",
    "recorded_config_hash", "is_restated", "prior_value", "restated_delta", "reason"
] -%}
unioned as (
    select {{ recorded | join(", ") }} from earlier_nights
    union all
    select {{ recorded | join(", ") }} from said_tonight
),

final as (
    select
        {{ (period + ["period_end", "recorded_as_of"]) | join(",\n        ") }},
        recorded_as_of = max(recorded_as_of) over (partition by {{ period | join(", ") }}) as is_latest,
        {{ recorded[6:] | join(",\n        ") }},
        {{ is_reportable("n_customers") }} as is_reportable,
        {{ reliability("n_customers") }} as reliability,
        {{ lineage_columns() | indent(8) }}
    from unioned
)

select * from final
