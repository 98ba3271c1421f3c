{% set series = ["cohort_start", "segment_key"] %}

with

outcomes as (
    select * from {{ ref("int_satisfaction_outcomes") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
    where segment_type in ('all', 'market_segment')
),

segmented as (
    select
        outcomes.*,
        cast(outcomes.margin_12m - outcomes.cost_to_serve_12m as decimal(18, 2)) as profit_12m,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value
    from outcomes
    inner join segments on outcomes.customer_key = segments.customer_key
),

lines as (
    select
        {{ series | join(", ") }},
        {{ line_sums("score", "profit_12m") }}
    from segmented
    group by {{ series | join(", ") }}
),

line_degrees as (
    {{ t_quantiles("lines", "n_points - 2") | indent(4) }}
),

sloped as (
    select
        cohort_start,
        segment_key,
        cast(n_points as bigint) as n_line,
        {{ line_slope() }} as slope,
        {{ line_slope_standard_error(line_correlation()) }} as slope_se
    from lines
),

bands as (
    select
        {{ series | join(", ") }},
        segment_type,
        segment_value,
        satisfaction_band,
        min(cohort_end) as cohort_end,
        min(outcome_start) as outcome_start,
        min(outcome_end) as outcome_end,
        cast(count(*) as bigint) as n_customers,
        cast(sum(is_there) as bigint) as n_retained,
        {{ exact_avg("score") }} as mean_score,
        cast(sum(margin_12m) as decimal(18, 2)) as margin_12m_amount,
        cast(sum(cost_to_serve_12m) as decimal(18, 2)) as cost_to_serve_12m_amount,
        cast(sum(profit_12m) as decimal(18, 2)) as profit_12m_amount,
        cast(sum(n_tickets) as bigint) as n_tickets_12m,
        {{ exact_standard_error("profit_12m") }} as profit_se
    from segmented
    group by {{ series | join(", ") }}, segment_type, segment_value, satisfaction_band
),

critical_t as (
    {{ t_quantiles("bands", "n_customers - 1") | indent(4) }}
),

critical as (
    select {{ critical_z() }} as z
),

rated as (
    select
        bands.*,
        {{ safe_divide("bands.n_retained", "bands.n_customers") }} as retention_12m,
        {{ safe_divide("bands.profit_12m_amount", "bands.n_customers") }} as profit_mean,
        bands.profit_se * critical_t.t_quantile as profit_reach,
        critical.z
    from bands
    left join critical_t on bands.n_customers - 1 = critical_t.degrees_of_freedom
    cross join critical
),

final as (
    select
        rated.satisfaction_band,
        rated.cohort_start,
        rated.cohort_end,
        rated.outcome_start,
        rated.outcome_end,
        rated.segment_key,
        rated.segment_type,
        rated.segment_value,
        '{{ var("reporting_currency") }}' as currency,
        rated.n_customers,
        rated.n_retained,
        rated.mean_score,
        rated.retention_12m,
        {{ wilson_low("rated.retention_12m", "rated.n_customers", "rated.z") }} as retention_low,
        {{ wilson_high("rated.retention_12m", "rated.n_customers", "rated.z") }} as retention_high,
        rated.margin_12m_amount,
        rated.cost_to_serve_12m_amount,
        rated.profit_12m_amount,
        rated.n_tickets_12m,
        {% for amount in ["margin_12m", "cost_to_serve_12m"] -%}
        cast(round({{ safe_divide("rated." ~ amount ~ "_amount", "rated.n_customers") }}, 2) as decimal(18, 2))
            as {{ amount }}_mean,
        {% endfor -%}
        cast(round(rated.profit_mean, 2) as decimal(18, 2)) as profit_12m_mean,
        cast(round(rated.profit_mean - rated.profit_reach, 2) as decimal(18, 2)) as profit_12m_low,
        cast(round(rated.profit_mean + rated.profit_reach, 2) as decimal(18, 2)) as profit_12m_high,
        sloped.n_line,
        sloped.slope as profit_per_point,
        sloped.slope - line_degrees.t_quantile * sloped.slope_se as profit_per_point_low,
        sloped.slope + line_degrees.t_quantile * sloped.slope_se as profit_per_point_high,
        rated.n_customers >= {{ var("min_n_publish") }} as is_reportable,
        case
            when rated.n_customers < {{ var("min_n_publish") }} then 'suppressed'
            when rated.n_customers < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() | indent(8) }}
    from rated
    inner join sloped
        on rated.cohort_start = sloped.cohort_start and rated.segment_key = sloped.segment_key
    left join line_degrees on sloped.n_line - 2 = line_degrees.degrees_of_freedom
)

select * from final
