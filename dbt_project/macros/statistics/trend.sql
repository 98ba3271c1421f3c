{#-
    Straight line through points (x, y) by least squares, from exact sums: its slope a step of x, and the standard error
    of that slope. NULL where x does not vary; the error NULL for fewer than three points.
-#}
{% macro trend_slope(n, x, y, xx, xy) -%}
    {{ safe_divide(_co_moment(n, x, y, xy), _co_moment(n, x, x, xx)) }}
{%- endmacro %}

{% macro trend_standard_error(n, x, y, xx, xy, yy) -%}
    case
        when {{ n }} > 2
            then sqrt({{ not_negative(safe_divide(
                safe_divide(_co_moment(n, y, y, yy), _co_moment(n, x, x, xx))
                ~ " - power(" ~ trend_slope(n, x, y, xx, xy) ~ ", 2)",
                n ~ " - 2"
            )) }})
    end
{%- endmacro %}

{#- n Σxy - Σx Σy; divisions of two of them do not need the n. -#}
{% macro _co_moment(n, x, y, xy) -%}
    (cast({{ n }} as decimal(18, 0)) * {{ xy }} - {{ x }} * {{ y }})
{%- endmacro %}
