{#-
    Weighting class: how much a response of a class stands for. `class_population` of the `population` belong to it,
    `class_respondents` of the `respondents`. NULL for a class that nobody answered for.
    Source: Little & Rubin, adjustment of unit non-response by weighting classes; methods row 30.
-#}
{% macro weighting_class_weight(class_population, population, class_respondents, respondents) -%}
    {{ safe_divide(
        "cast(" ~ class_population ~ " as double) * " ~ respondents,
        "cast(" ~ population ~ " as double) * " ~ class_respondents
    ) }}
{%- endmacro %}

{#-
    Number of equally weighted responses that would say as much: (Σw)² / Σw². NULL without any.
    Source: Kish 1965.
-#}
{% macro kish_effective_size(weight_total, weight_square_total) -%}
    {{ safe_divide(
        "cast(" ~ weight_total ~ " as double) * cast(" ~ weight_total ~ " as double)", weight_square_total
    ) }}
{%- endmacro %}

{#- How many responses a weighted sample needs for one of an unweighted: n / effective size. Source: Kish 1965. -#}
{% macro design_effect(n, effective_size) -%}
    {{ safe_divide(n, effective_size) }}
{%- endmacro %}
