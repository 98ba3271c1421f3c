{#-
    Difference of two independent means whose variances need not be equal: its standard error and its degrees of freedom,
    both from the standard errors and sizes of the two groups. NULL where a group's standard error is unknown.
    Source: Welch 1947; Satterthwaite 1946.
-#}
{% macro welch_standard_error(se_a, se_b) -%}
    sqrt({{ se_a }} * {{ se_a }} + {{ se_b }} * {{ se_b }})
{%- endmacro %}

{% macro welch_degrees_of_freedom(se_a, n_a, se_b, n_b) -%}
    {{ safe_divide(
        "power(" ~ se_a ~ " * " ~ se_a ~ " + " ~ se_b ~ " * " ~ se_b ~ ", 2)",
        safe_divide("power(" ~ se_a ~ ", 4)", n_a ~ " - 1") ~ " + " ~ safe_divide("power(" ~ se_b ~ ", 4)", n_b ~ " - 1")
    ) }}
{%- endmacro %}

{#-
    Bounds of the difference a - b from the interval of each: the distances from estimate to bound are squared and added.
    Unlike a standard error they hold for shares near 0 or 1. With Wilson's intervals this is Newcombe's method 10.
    Sources: Newcombe 1998; Zou & Donner 2008.
-#}
{% macro square_and_add_low(a, low_a, b, high_b) -%}
    {{ a }} - {{ b }} - sqrt(power({{ a }} - {{ low_a }}, 2) + power({{ high_b }} - {{ b }}, 2))
{%- endmacro %}

{% macro square_and_add_high(a, high_a, b, low_b) -%}
    {{ a }} - {{ b }} + sqrt(power({{ high_a }} - {{ a }}, 2) + power({{ b }} - {{ low_b }}, 2))
{%- endmacro %}

{#-
    Customers of a net promoter score who promote, or detract, from its estimate and trinomial standard error: their
    difference is n · score / 100, their sum n · ((se / 100)² · n + (score / 100)²).
-#}
{% macro promoters_behind(score, se, n) -%}
    ({{ _opinionated(score, se, n) }} + {{ n }} * {{ score }} / 100) / 2
{%- endmacro %}

{% macro detractors_behind(score, se, n) -%}
    ({{ _opinionated(score, se, n) }} - {{ n }} * {{ score }} / 100) / 2
{%- endmacro %}

{% macro _opinionated(score, se, n) -%}
    {{ n }} * ({{ n }} * power({{ se }} / 100, 2) + power({{ score }} / 100, 2))
{%- endmacro %}

{#-
    Bounds of the own interval of each of two groups, where the difference is not one of means: Wilson's of a share in
    percent, the adjusted Wald interval of a net promoter score. `reach` is the prefix of the columns, and of the quantile.
-#}
{% macro bounds_of_both(reach) -%}
    {%- for group in ["a", "b"] -%}
    {{ _own_bound("low", reach, group) }} as {{ reach }}_low_{{ group }},
    {{ _own_bound("high", reach, group) }} as {{ reach }}_high_{{ group }}{{ ",
    " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro _own_bound(side, reach, group) -%}
    {%- set estimate, se, n, z = "estimate_" ~ group, "se_" ~ group, "n_observations_" ~ group, reach ~ "_z" -%}
    {%- set share, promoters, detractors =
        "(" ~ estimate ~ " / 100)",
        "(" ~ promoters_behind(estimate, se, n) ~ ")",
        "(" ~ detractors_behind(estimate, se, n) ~ ")"
    -%}
    {%- set wilson, net_promoter = {
        "low": (wilson_low, net_promoter_low), "high": (wilson_high, net_promoter_high)
    }[side] -%}
    case interval_kind
        when 'share' then 100 * ({{ wilson(share, n, z) }})
        when 'nps' then {{ net_promoter(promoters, detractors, n, z) }}
    end
{%- endmacro %}

{#- Bounds of estimate_a - estimate_b as `name`_low and `name`_high, by the method of the metric. -#}
{% macro bounds_of_difference(reach, name) -%}
    case
        when interval_kind = 'mean' then difference - {{ reach }}_t * se
        else {{ square_and_add_low("estimate_a", reach ~ "_low_a", "estimate_b", reach ~ "_high_b") }}
    end as {{ name }}_low,
    case
        when interval_kind = 'mean' then difference + {{ reach }}_t * se
        else {{ square_and_add_high("estimate_a", reach ~ "_high_a", "estimate_b", reach ~ "_low_b") }}
    end as {{ name }}_high
{%- endmacro %}

{#- The columns that say of whom and when an estimate is. -#}
{% macro segment_and_period() -%}
    segment_key,
    segment_type,
    segment_value,
    period_grain,
    period_start,
    period_end,
    period_is_complete
{%- endmacro %}
