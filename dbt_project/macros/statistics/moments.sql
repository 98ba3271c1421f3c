{#-
    What the metric block needs to know of a group: how many answers and customers, the sum of the customers' scores
    and of their squares. `score` is one customer's mean. Both sums are decimals, so they are exact: they do not
    depend on the order of the rows, and the variance below does not cancel.
-#}
{% macro score_moments(score) -%}
    cast(sum(n_responses) as bigint) as n_responses,
    count({{ score }}) as n_customers,
    sum({{ exact(score) }}) as score_total,
    sum({{ exact(score) }} * {{ exact(score) }}) as score_square_total
{%- endmacro %}

{#- A number as it enters an exact sum: nine decimals, finer than any answer, up to a billion. -#}
{% macro exact(number) -%}
    cast({{ number }} as decimal(18, 9))
{%- endmacro %}

{#- A number held between two bounds; NULL stays NULL, which greatest() and least() do not promise. -#}
{% macro clip(number, low, high) -%}
    case
        when {{ number }} < {{ low }} then {{ low }}
        when {{ number }} > {{ high }} then {{ high }}
        else {{ number }}
    end
{%- endmacro %}

{#- Variance with n - 1, from exact moments. NULL for fewer than two. -#}
{% macro sample_variance(n, total, square_total) -%}
    {{ safe_divide(
        "cast(" ~ n ~ " as decimal(18, 0)) * " ~ square_total ~ " - " ~ total ~ " * " ~ total,
        "cast(" ~ n ~ " as double) * (" ~ n ~ " - 1)"
    ) }}
{%- endmacro %}

{#-
    Pearson correlation of two columns over the rows where both are given, from exact sums; NULL where one of them
    does not vary. DuckDB's corr() adds DOUBLEs and so differs between runs.
-#}
{% macro exact_correlation(x, y) -%}
    {%- set both = "filter (where " ~ x ~ " is not null and " ~ y ~ " is not null)" -%}
    {%- set n = "cast(count(*) " ~ both ~ " as decimal(18, 0))" -%}
    {%- set sum_x = "sum(" ~ exact(x) ~ ") " ~ both -%}
    {%- set sum_y = "sum(" ~ exact(y) ~ ") " ~ both -%}
    {%- set sum_xx = "sum(" ~ exact(x) ~ " * " ~ exact(x) ~ ") " ~ both -%}
    {%- set sum_yy = "sum(" ~ exact(y) ~ " * " ~ exact(y) ~ ") " ~ both -%}
    {%- set sum_xy = "sum(" ~ exact(x) ~ " * " ~ exact(y) ~ ") " ~ both -%}
    {{ correlation_of_sums(n, sum_x, sum_y, sum_xx, sum_yy, sum_xy) }}
{%- endmacro %}

{#- Pearson correlation from the number of pairs and the exact sums of two columns, their squares and their product. -#}
{% macro correlation_of_sums(n, sum_x, sum_y, sum_xx, sum_yy, sum_xy) -%}
    {{ clip(safe_divide(
        n ~ " * " ~ sum_xy ~ " - " ~ sum_x ~ " * " ~ sum_y,
        "sqrt(cast(" ~ n ~ " * " ~ sum_xx ~ " - " ~ sum_x ~ " * " ~ sum_x ~ " as double))"
        ~ " * sqrt(cast(" ~ n ~ " * " ~ sum_yy ~ " - " ~ sum_y ~ " * " ~ sum_y ~ " as double))"
    ), -1, 1) }}
{%- endmacro %}

{#- The mean of each column under its own name: people are averaged into customers, customers into segments. -#}
{% macro exact_averages(columns) -%}
    {% for column in columns -%}
    {{ exact_avg(column) }} as {{ column }}{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#- Standard error of the mean of a column over the rows that give it, from exact sums. NULL for fewer than two. -#}
{% macro exact_standard_error(column) -%}
    {{ mean_standard_error(
        "count(" ~ column ~ ")",
        "sum(" ~ exact(column) ~ ")",
        "sum(" ~ exact(column) ~ " * " ~ exact(column) ~ ")"
    ) }}
{%- endmacro %}
