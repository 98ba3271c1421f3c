{#-
    Whether a cause belongs to the vital few: the most frequent causes that together make up at most `pareto_cut` of all
    cases, and the most frequent one in any case. `rank` counts from 1 by share, descending.
    Source: Juran 1951, after Pareto.
-#}
{% macro is_vital_few(cumulative_share, rank) -%}
    ({{ rank }} = 1 or {{ cumulative_share }} <= {{ var("pareto_cut") }} + 1e-9)
{%- endmacro %}

{#-
    Natural logarithm of the odds ratio of a 2 × 2 table, with half a case added to each cell so that an empty one gives
    a number too: `exposed` of `n` cases against `exposed_other` of `n_other`. NULL where a side is empty.
    Source: Haldane 1956, Anscombe 1956.
-#}
{% macro log_odds_ratio(exposed, n, exposed_other, n_other) -%}
    case
        when {{ n }} > 0 and {{ n_other }} > 0
            then ln(
                cast({{ exposed }} + 0.5 as double) * ({{ n_other }} - {{ exposed_other }} + 0.5)
                / (({{ n }} - {{ exposed }} + 0.5) * ({{ exposed_other }} + 0.5))
            )
    end
{%- endmacro %}

{#- Its standard error. Source: Woolf 1955 over the same cells. -#}
{% macro log_odds_standard_error(exposed, n, exposed_other, n_other) -%}
    case
        when {{ n }} > 0 and {{ n_other }} > 0
            then sqrt(
                1 / cast({{ exposed }} + 0.5 as double) + 1 / ({{ n }} - {{ exposed }} + 0.5)
                + 1 / ({{ exposed_other }} + 0.5) + 1 / ({{ n_other }} - {{ exposed_other }} + 0.5)
            )
    end
{%- endmacro %}

{#-
    What one part contributes to the change of an average from period 0 to period 1: because its share of the whole
    moved (mix), and because its own value did (rate). Summed over the parts, both make up the change exactly, whatever
    stands for the value of a part that a period does not have. No effect is 0, never -0, which prints and hashes apart.
    Source: Kitagawa 1955.
-#}
{% macro mix_effect(share_0, share_1, value_0, value_1) -%}
    (({{ share_1 }} - {{ share_0 }}) * ({{ value_0 }} + {{ value_1 }}) / 2 + 0.0)
{%- endmacro %}

{% macro rate_effect(share_0, share_1, value_0, value_1) -%}
    (({{ value_1 }} - {{ value_0 }}) * ({{ share_0 }} + {{ share_1 }}) / 2 + 0.0)
{%- endmacro %}
