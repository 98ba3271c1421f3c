{#-
    z of a part against the whole it belongs to. The whole holds the part, so they vary together: with the part's share w,
    Var(part − whole) = (1 − 2w) · Var(part) + Var(whole). NULL where the part is the whole.
-#}
{% macro z_against_whole(part, part_se, n_part, whole, whole_se, n_whole) -%}
    case
        when {{ n_part }} < {{ n_whole }}
            then {{ safe_divide(
                part ~ " - " ~ whole,
                "sqrt(" ~ not_negative(
                    "((1 - 2.0 * " ~ n_part ~ " / " ~ n_whole ~ ") * " ~ part_se ~ " * " ~ part_se
                    ~ " + " ~ whole_se ~ " * " ~ whole_se ~ ")"
                ) ~ ")"
            ) }}
    end
{%- endmacro %}

{#-
    A score in standard deviations of its own culture, free of how that culture uses scales; NULL where fewer than 30 of
    it answered or all answered alike. Source: Dolnicar & Grün 2007; Hoffmann et al. 2013.
-#}
{% macro z_within_culture(score, culture_mean, culture_sd, n_culture) -%}
    case when {{ n_culture }} >= 30 then {{ safe_divide(score ~ " - " ~ culture_mean, culture_sd) }} end
{%- endmacro %}

{% macro period_columns() -%}
    period_grain,
    period_start,
    period_end,
    period_is_complete
{%- endmacro %}
