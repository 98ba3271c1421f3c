{#-
    What the customer receives and gives up, each the plain mean of the kinds observed (weight_method `equal`).
    NULL for fewer than two benefit kinds, or for no cost kind. Sources: Kotler; Zeithaml 1988.
-#}
{% macro benefit_score(kinds) -%}
    case when {{ observed(kinds) }} >= 2 then {{ mean_of_observed(kinds) }} end
{%- endmacro %}

{% macro cost_score(kinds) -%}
    {{ mean_of_observed(kinds) }}
{%- endmacro %}

{#- How many of the columns are given. -#}
{% macro observed(columns) -%}
    ({% for column in columns %}{{ "+ " if not loop.first }}case when {{ column }} is null then 0 else 1 end {% endfor %})
{%- endmacro %}

{#- Mean of the columns that are given, in the order written; NULL where none is. -#}
{% macro mean_of_observed(columns) -%}
    {%- set total -%}
        {% for column in columns %}{{ "+ " if not loop.first }}coalesce({{ column }}, 0) {% endfor %}
    {%- endset -%}
    {{ safe_divide(total | trim, observed(columns)) }}
{%- endmacro %}

{#- Value = benefit - cost, -100 … 100. -#}
{% macro net_value(benefit, cost) -%}
    {{ benefit }} - {{ cost }}
{%- endmacro %}

{#- Value = benefit / cost, 0 or more; NULL where nothing is given up, which the difference still describes. -#}
{% macro value_ratio(benefit, cost) -%}
    {{ safe_divide(benefit, cost) }}
{%- endmacro %}

{#-
    What one customer adds to a ratio of sums R = Σb / Σc over n customers: R + (b - R c) / (Σc / n). The mean of these
    is R, their standard error that of R to first order (Taylor linearisation, the delta method for a ratio), so that
    R goes through the metric block like a mean. Source: Cochran 1977, ch. 6; methods, conventions (ratios).
-#}
{% macro ratio_contribution(numerator, denominator, numerator_total, denominator_total, n) -%}
    {%- set ratio = safe_divide(numerator_total, denominator_total) -%}
    {{ ratio }} + {{ safe_divide(n ~ " * (" ~ numerator ~ " - " ~ ratio ~ " * " ~ denominator ~ ")", denominator_total) }}
{%- endmacro %}
