{#-
    Division that says "unknown" where there is nothing to divide by. DuckDB answers 1/0 with infinity,
    other engines with an error: both are wrong in a mart.
-#}
{% macro safe_divide(numerator, denominator) -%}
    (cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0))
{%- endmacro %}

{#-
    Mean and sum of scores that do not depend on the order of the rows. A sum of DOUBLEs differs in its last
    bits from run to run with two threads; nine decimals are exact and finer than any answer.
-#}
{% macro exact_avg(expression) -%}
    cast(avg(cast({{ expression }} as decimal(18, 9))) as double)
{%- endmacro %}

{% macro exact_sum(expression) -%}
    cast(sum(cast({{ expression }} as decimal(18, 9))) as double)
{%- endmacro %}
