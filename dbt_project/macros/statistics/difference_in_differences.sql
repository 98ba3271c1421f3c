{#-
    Difference in differences: by how much the treated changed more than the others. Names of columns are those of
    the four cells' means. Source: Ashenfelter & Card 1985.
-#}
{% macro difference_in_differences(treated_pre, treated_post, control_pre, control_post) -%}
    ({{ treated_post }} - {{ treated_pre }}) - ({{ control_post }} - {{ control_pre }})
{%- endmacro %}

{#-
    Standard error of a sum or difference of independent means, from the standard error of each: four cells of repeated
    cross-sections, or the mean changes of two panels. NULL where one of them is unknown.
-#}
{% macro combined_standard_error(errors) -%}
    sqrt({% for error in errors %}{{ " + " if not loop.first }}{{ error }} * {{ error }}{% endfor %})
{%- endmacro %}

{#-
    Degrees of freedom of that standard error, the cells' variances need not be equal. NULL where nothing varies.
    Sources: Welch 1947; Satterthwaite 1946.
-#}
{% macro combined_degrees_of_freedom(errors, sizes) -%}
    {%- set parts = [] -%}
    {%- for error in errors -%}
        {%- do parts.append(safe_divide("power(" ~ error ~ ", 4)", sizes[loop.index0] ~ " - 1")) -%}
    {%- endfor -%}
    {{ safe_divide("power(" ~ combined_standard_error(errors) ~ ", 4)", parts | join(" + ")) }}
{%- endmacro %}

{#-
    Whether treated and others already drifted apart before the start: least-squares slope of the difference over the
    periods before, by its standard error. `period` numbers the periods, `difference` and `variance` are those of each;
    an aggregate. NULL for fewer than three periods: two points always make a line.
-#}
{% macro pre_trend_z(period, difference, variance) -%}
    {%- set n = "count(*)" -%}
    {%- set mean = safe_divide("sum(" ~ period ~ ")", n) -%}
    {%- set weighted = exact_sum(period ~ " * " ~ difference) ~ " - " ~ mean ~ " * " ~ exact_sum(difference) -%}
    {%- set spread = exact_sum(period ~ " * " ~ period ~ " * " ~ variance)
        ~ " - 2 * " ~ mean ~ " * " ~ exact_sum(period ~ " * " ~ variance)
        ~ " + " ~ mean ~ " * " ~ mean ~ " * " ~ exact_sum(variance) -%}
    case when {{ n }} >= 3 then {{ safe_divide(weighted, "sqrt(" ~ clip(spread, 0, "1e18") ~ ")") }} end
{%- endmacro %}
