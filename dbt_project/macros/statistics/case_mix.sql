{#-
    Indirect standardisation: what a group was given (observed) over what everybody's score on the same kinds of cases
    would have been (expected), on the scale of the overall mean and held inside 0–100. NULL where nothing was expected.
    Source: Breslow & Day 1987, indirect standardisation.
-#}
{% macro case_mix_adjusted(overall, observed, expected) -%}
    {{ clip(overall ~ " * " ~ safe_divide(observed, expected), 0, 100) }}
{%- endmacro %}

{#-
    Variance of single scores round what the group's own ratio observed / expected leads to expect, from exact sums of
    squares and products. NULL for fewer than two.
    Source: Cochran 1977, the ratio estimator.
-#}
{% macro ratio_residual_variance(n, observed, expected, observed_square, product, expected_square) -%}
    {%- set ratio = safe_divide(observed, expected) -%}
    {{ safe_divide(
        not_negative(
            "cast(" ~ observed_square ~ " as double) - 2 * " ~ ratio ~ " * " ~ product ~ " + power(" ~ ratio ~ ", 2) * "
            ~ expected_square
        ),
        "nullif(" ~ n ~ ", 0) - 1"
    ) }}
{%- endmacro %}

{#-
    Variance of a mean after empirical-Bayes shrinkage: what remains unknown of the group itself, and of the prior mean
    it was drawn to. The group's own variance where there is no shrinkage. Needs the columns of `prior` in scope.
    Source: Morris 1983.
-#}
{% macro shrunk_variance(n) -%}
    {%- set own = "(prior_within_variance / " ~ n ~ ")" -%}
    case
        when {{ n }} > 0 and prior_groups >= 3 and prior_within_variance > 0
            then
                prior_between_variance * {{ own }} / (prior_between_variance + {{ own }})
                + power({{ own }} / (prior_between_variance + {{ own }}), 2)
                * (prior_between_variance + {{ own }}) / prior_groups
        when {{ n }} > 0 then {{ own }}
    end
{%- endmacro %}

{#- How far a target is attained, 0–1: the share of it where more is better, its inverse where less is. -#}
{% macro target_attainment(number, target, direction) -%}
    case
        when {{ direction }} = 'higher_better' then {{ clip(safe_divide(number, target), 0, 1) }}
        when {{ direction }} = 'lower_better' and {{ number }} <= {{ target }} then 1
        when {{ direction }} = 'lower_better' then {{ safe_divide(target, number) }}
    end
{%- endmacro %}
