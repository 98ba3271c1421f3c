{#-
    Customers' gaps of a period with the margin of the twelve months up to its end, which is at risk where the customer's
    mean gap is a shortfall beyond the tolerance.
-#}
{% macro customers_short(customer_gaps, trailing_margins) -%}
    select
        {{ customer_gaps }}.*,
        {{ gap_direction(customer_gaps ~ ".gap_score") }} = 'shortfall' as is_short,
        {{ trailing_margins }}.margin_12m_amount
    from {{ customer_gaps }}
    left join {{ trailing_margins }}
        on
            {{ customer_gaps }}.customer_key = {{ trailing_margins }}.customer_key
            and cast(date_trunc('month', least({{ customer_gaps }}.period_end, {{ as_of_date() }})) as date)
            = {{ trailing_margins }}.month_start
{%- endmacro %}

{#- What the gap marts count over the customers of a segment. -#}
{% macro gap_counts() -%}
    cast(sum(n_experiences) as bigint) as n_experiences,
    cast(sum(n_unpaired_expectations) as bigint) as n_unpaired_expectations,
    count(case when is_short then customer_key end) as n_customers_short,
    cast(coalesce(sum(case when is_short then margin_12m_amount end), 0) as decimal(18, 2)) as margin_at_risk_amount,
    {% for scale in ["expected_scale", "delivered_scale"] -%}
    min({{ scale }}_from) as {{ scale }}_from,
    max({{ scale }}_to) as {{ scale }}_to{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#-
    `estimated` (rows of attribute × segment × period) with its trend: a straight line through the estimates of the last
    twelve complete months up to the end of the period, in points a month, from six months on; and with
    `is_scale_break`: whether answers were given on several scales, or on others than in the period just before.
-#}
{% macro gap_trend(estimated) -%}
    with
    monthly as (
        select
            attribute_code,
            segment_key,
            period_start,
            estimate
        from {{ estimated }}
        where period_grain = 'month' and period_is_complete and estimate is not null
    ),

    points as (
        select
            {{ estimated }}.attribute_code,
            {{ estimated }}.segment_key,
            {{ estimated }}.period_grain,
            {{ estimated }}.period_start,
            -{{ months_between(
                "monthly.period_start", days_after("least(" ~ estimated ~ ".period_end, " ~ as_of_date() ~ ")", 1)
            ) }} as x,
            monthly.estimate as y
        from {{ estimated }}
        inner join monthly
            on
                {{ estimated }}.attribute_code = monthly.attribute_code
                and {{ estimated }}.segment_key = monthly.segment_key
        where
            {{ months_between(
                "monthly.period_start", days_after("least(" ~ estimated ~ ".period_end, " ~ as_of_date() ~ ")", 1)
            ) }} between 1 and 12
    ),

    sums as (
        select
            attribute_code,
            segment_key,
            period_grain,
            period_start,
            count(*) as n_trend_months,
            sum({{ exact("x") }}) as sum_x,
            sum({{ exact("y") }}) as sum_y,
            sum({{ exact("x") }} * {{ exact("x") }}) as sum_xx,
            sum({{ exact("x") }} * {{ exact("y") }}) as sum_xy,
            sum({{ exact("y") }} * {{ exact("y") }}) as sum_yy
        from points
        group by attribute_code, segment_key, period_grain, period_start
    ),

    trend_t as (
        {{ t_quantiles("sums", "n_trend_months - 2") | indent(8) }}
    ),

    lines as (
        select
            sums.*,
            {{ trend_slope("n_trend_months", "sum_x", "sum_y", "sum_xx", "sum_xy") }} as slope,
            trend_t.t_quantile * {{ trend_standard_error(
                "n_trend_months", "sum_x", "sum_y", "sum_xx", "sum_xy", "sum_yy"
            ) | indent(12) }} as half_width
        from sums
        left join trend_t on sums.n_trend_months - 2 = trend_t.degrees_of_freedom
    ),

    followed as (
        select
            {{ estimated }}.*,
            lag(expected_scale_to) over history as earlier_expected_scale,
            lag(delivered_scale_to) over history as earlier_delivered_scale
        from {{ estimated }}
        window history as (partition by attribute_code, segment_key, period_grain order by period_start)
    )

    select
        followed.*,
        case when lines.n_trend_months >= 6 then lines.slope end as gap_trend_slope,
        case when lines.n_trend_months >= 6 then lines.slope - lines.half_width end as gap_trend_low,
        case when lines.n_trend_months >= 6 then lines.slope + lines.half_width end as gap_trend_high,
        coalesce(lines.n_trend_months, 0) as n_trend_months,
        coalesce(followed.delivered_scale_from <> followed.delivered_scale_to, false)
        or coalesce(followed.expected_scale_from <> followed.expected_scale_to, false)
        or coalesce(followed.delivered_scale_to <> followed.earlier_delivered_scale, false)
        or coalesce(followed.expected_scale_to <> followed.earlier_expected_scale, false) as is_scale_break
    from followed
    left join lines
        on
            followed.attribute_code = lines.attribute_code
            and followed.segment_key = lines.segment_key
            and followed.period_grain = lines.period_grain
            and followed.period_start = lines.period_start
{%- endmacro %}
