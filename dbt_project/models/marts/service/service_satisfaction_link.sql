{#- Lower bounds of the bands, in the metric's unit. #}
{% set bands = {
    "first_reply_business_minutes": [0, 30, 60, 120, 240, 480],
    "resolution_business_hours": [0, 2, 4, 8, 16, 40],
} %}
{% set series = ["metric_code", "lag_band", "segment_key"] %}

with

answers as (
    select * from {{ ref("int_service_answers") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
    where segment_type = 'market_segment'
),

everybody as (
    select
        answers.*,
        'all:all' as segment_key,
        'all' as segment_type,
        'all' as segment_value
    from answers
    union all
    select
        answers.*,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value
    from answers
    inner join segments on answers.customer_key = segments.customer_key
),

banded as (
    select
        *,
        case
            {%- for metric_code, bounds in bands.items() %}
            {%- for bound in bounds | reverse %}
            when metric_code = '{{ metric_code }}' and service_time >= {{ bound }} then {{ loop.revindex }}
            {%- endfor %}
            {%- endfor %}
        end as band_number,
        service_time - {{ exact_avg_over("service_time", series + ["ticket_kind"]) }} as time_within_kind,
        score - {{ exact_avg_over("score", series + ["ticket_kind"]) }} as score_within_kind
    from everybody
),

lines as (
    select
        {{ series | join(", ") }},
        count(distinct ticket_kind) as n_kinds,
        {{ line_sums("service_time", "score") }}
    from banded
    group by {{ series | join(", ") }}
),

lines_within_kinds as (
    select
        {{ series | join(", ") }},
        count(distinct ticket_kind) as n_kinds,
        {{ line_sums("time_within_kind", "score_within_kind") }}
    from banded
    group by {{ series | join(", ") }}
),

sloped as (
    select
        {{ series | join(", ") }},
        n_points as n_line,
        {{ line_slope() }} as slope,
        {{ line_correlation() }} as correlation,
        {{ line_slope_standard_error(line_correlation()) }} as slope_se
    from lines
),

sloped_within_kinds as (
    select
        {{ series | join(", ") }},
        {{ line_slope() }} as partial_slope,
        {{ line_slope_standard_error(line_correlation(), "(n_kinds + 1)") }} as partial_slope_se
    from lines_within_kinds
),

band_moments as (
    select
        {{ series | join(", ") }},
        segment_type,
        segment_value,
        band_number,
        cast(count(distinct answer_id) as bigint) as n_responses,
        cast(count(distinct coalesce(customer_key, ticket_id)) as bigint) as n_customers,
        count(*) as n_pairs,
        sum({{ exact("score") }}) as score_total,
        sum({{ exact("score") }} * {{ exact("score") }}) as score_square_total,
        {{ exact_avg("service_time") }} as mean_service_time
    from banded
    group by {{ series | join(", ") }}, segment_type, segment_value, band_number
),

critical_t as (
    {{ t_quantiles("band_moments", "n_customers - 1") | indent(4) }}
),

critical as (
    select {{ critical_z() }} as z
),

-- Answers of one customer are not independent: the standard error counts customers.
estimated as (
    select
        band_moments.*,
        {{ safe_divide("score_total", "n_pairs") }} as estimate,
        sqrt({{ safe_divide(sample_variance("n_pairs", "score_total", "score_square_total"), "n_customers") }}) as se,
        critical_t.t_quantile
    from band_moments
    left join critical_t on band_moments.n_customers - 1 = critical_t.degrees_of_freedom
),

followed as (
    select
        *,
        lag(case when n_customers >= {{ var("min_n_publish") }} then estimate end) over (
            partition by {{ series | join(", ") }} order by band_number
        ) as estimate_before
    from estimated
),

monotone as (
    select
        {{ series | join(", ") }},
        min(
            case
                when n_customers >= {{ var("min_n_publish") }} and estimate > estimate_before then 0
                when n_customers >= {{ var("min_n_publish") }} and estimate <= estimate_before then 1
            end
        ) = 1 as is_monotone
    from followed
    group by {{ series | join(", ") }}
),

final as (
    select
        followed.metric_code,
        followed.lag_band,
        followed.segment_key,
        followed.segment_type,
        followed.segment_value,
        cast(followed.band_number as integer) as band_number,
        case
            {%- for metric_code, bounds in bands.items() %}
            {%- for bound in bounds %}
            when followed.metric_code = '{{ metric_code }}' and followed.band_number = {{ loop.index }}
                then '{{ bound }}{{ "–" ~ bounds[loop.index] if not loop.last else " or more" }}'
            {%- endfor %}
            {%- endfor %}
        end as band,
        {{ days_after(months_after(as_of_date(), -12), 1) }} as period_start,
        {{ as_of_date() }} as period_end,
        cast(followed.n_pairs as bigint) as n_pairs,
        followed.n_responses,
        followed.n_customers,
        followed.mean_service_time,
        followed.estimate,
        followed.se,
        {{ mean_low("followed.estimate", "followed.se", "followed.t_quantile", 0, 100) }} as ci_low,
        {{ mean_high("followed.estimate", "followed.se", "followed.t_quantile", 0, 100) }} as ci_high,
        cast(sloped.n_line as bigint) as n_line,
        sloped.slope,
        sloped.slope - critical.z * sloped.slope_se as slope_low,
        sloped.slope + critical.z * sloped.slope_se as slope_high,
        sloped.correlation,
        sloped.correlation * sloped.correlation as r_squared,
        sloped_within_kinds.partial_slope,
        sloped_within_kinds.partial_slope - critical.z * sloped_within_kinds.partial_slope_se as partial_slope_low,
        sloped_within_kinds.partial_slope + critical.z * sloped_within_kinds.partial_slope_se as partial_slope_high,
        monotone.is_monotone,
        followed.n_customers >= {{ var("min_n_publish") }} as is_reportable,
        case
            when followed.n_customers < {{ var("min_n_publish") }} then 'suppressed'
            when followed.n_customers < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() | indent(8) }}
    from followed
    {% for other in ["sloped", "sloped_within_kinds", "monotone"] -%}
    inner join {{ other }}
        on
            followed.metric_code = {{ other }}.metric_code
            and followed.lag_band = {{ other }}.lag_band and followed.segment_key = {{ other }}.segment_key
    {% endfor -%}
    cross join critical
)

select * from final
