{#-
    What the metric block needs to know of one time or share of the help desk, each ticket once: `divisor` turns minutes
    into the metric's unit, none means a yes or no. Ends with a comma.
-#}
{% macro service_moments(metric_code, column, divisor) -%}
    {%- set number = "cast(" ~ column ~ " as double) / " ~ divisor if divisor
        else "case when " ~ column ~ " then 1 when not " ~ column ~ " then 0 end" -%}
    count({{ column }}) as {{ metric_code }}_n,
    count(distinct case when {{ column }} is not null then grouped_tickets.requester_unit end)
        as {{ metric_code }}_customers,
    sum({{ exact(number) }}) as {{ metric_code }}_total,
    sum({{ exact(number) }} * {{ exact(number) }}) as {{ metric_code }}_square_total,
    {% if divisor -%}
    -- Both at once: each of them would keep every value.
    quantile_cont({{ number }}, [0.5, 0.9]) as {{ metric_code }}_quantiles,
    {%- else -%}
    cast(null as double[]) as {{ metric_code }}_quantiles,
    {%- endif %}
{%- endmacro %}
