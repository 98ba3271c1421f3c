{#-
    Straight line through points, y = a + slope · x, from the exact sums that `line_sums` gives: a slope per unit of x and
    its standard error. NULL where x does not vary, and of the error for fewer than three points.
    Source: ordinary least squares (Gauss).
-#}
{% macro line_sums(x, y) -%}
    count(*) as n_points,
    sum({{ exact(x) }}) as x_total,
    sum({{ exact(y) }}) as y_total,
    sum({{ exact(x) }} * {{ exact(x) }}) as x_square_total,
    sum({{ exact(y) }} * {{ exact(y) }}) as y_square_total,
    sum({{ exact(x) }} * {{ exact(y) }}) as xy_total
{%- endmacro %}

{% macro line_slope() -%}
    {{ safe_divide(_centred("xy_total", "x_total", "y_total"), _centred("x_square_total", "x_total", "x_total")) }}
{%- endmacro %}

{% macro line_correlation() -%}
    {{ clip(safe_divide(
        _centred("xy_total", "x_total", "y_total"),
        "sqrt(cast(" ~ _centred("x_square_total", "x_total", "x_total") ~ " as double))"
        ~ " * sqrt(cast(" ~ _centred("y_square_total", "y_total", "y_total") ~ " as double))"
    ), -1, 1) }}
{%- endmacro %}

{#- `lost_degrees` of freedom: 2 for a line; one more for each further mean that was taken out. -#}
{% macro line_slope_standard_error(correlation, lost_degrees=2) -%}
    sqrt({{ not_negative(
        safe_divide(
            "(1 - " ~ correlation ~ " * " ~ correlation ~ ") * "
            ~ safe_divide(
                _centred("y_square_total", "y_total", "y_total"), _centred("x_square_total", "x_total", "x_total")
            ),
            "case when n_points > " ~ lost_degrees ~ " then n_points - " ~ lost_degrees ~ " end"
        )
    ) }})
{%- endmacro %}

{% macro _centred(product, a, b) -%}
    (cast(n_points as decimal(18, 0)) * {{ product }} - {{ a }} * {{ b }})
{%- endmacro %}

{#- The mean of a column over the rows that share `by`, exact as `exact_avg`. -#}
{% macro exact_avg_over(column, by) -%}
    cast(avg({{ exact(column) }}) over (partition by {{ by | join(", ") }}) as double)
{%- endmacro %}
