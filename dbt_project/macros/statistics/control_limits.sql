{#-
    Half the width of a Shewhart chart's band at three standard errors: of a share around its baseline share (p-chart),
    and of a mean around its baseline mean, with the spread within the baseline's periods. NULL where nothing varied in
    the baseline: then every change would be beyond the limits. Source: Shewhart 1931.
-#}
{% macro share_chart_half_width(share, n) -%}
    nullif(3 * {{ share_standard_error(share, n) }}, 0)
{%- endmacro %}

{% macro mean_chart_half_width(variance, n) -%}
    nullif(3 * sqrt({{ safe_divide(variance, n) }}), 0)
{%- endmacro %}

{#-
    The metrics in which each customer counts once a period; in the others each answer, order, deal or ticket does, and
    is what n of a chart counts.
-#}
{% macro customer_equal_metrics() -%}
    {{ return(["csat", "csat_ticket", "ces", "acsi", "satisfaction_gap", "net_value", "nps", "referral_rate"]) }}
{%- endmacro %}
