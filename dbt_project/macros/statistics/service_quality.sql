{#-
    Gap of one customer and attribute in points of 100: negative is worse than what it is held against. Of a cost less is
    better, so there it is what was expected minus what is felt. Source: Parasuraman, Zeithaml & Berry 1985, 1988.
-#}
{% macro directed_gap(delivered, reference, score_direction) -%}
    case {{ score_direction }}
        when 'lower_better' then {{ reference }} - {{ delivered }}
        else {{ delivered }} - {{ reference }}
    end
{%- endmacro %}

{#- The part of a gap that rankings use: exceeded expectations do not make up for missed ones. NULL without a gap. -#}
{% macro shortfall(gap_score) -%}
    case when {{ gap_score }} < 0 then -({{ gap_score }}) when {{ gap_score }} >= 0 then 0.0 end
{%- endmacro %}

{#-
    Weighted gap Σ w·G / Σ w over the rows that give both, and how much of all weight they carry (0–1). Exact sums.
    Source: Parasuraman, Zeithaml & Berry 1988, where customers split 100 points over five dimensions.
-#}
{% macro weighted_gap(gap_score, weight) -%}
    {{ safe_divide(
        "sum(" ~ exact(gap_score) ~ " * " ~ exact(weight) ~ ")",
        "sum(case when " ~ gap_score ~ " is not null then " ~ exact(weight) ~ " end)"
    ) }}
{%- endmacro %}

{% macro weight_coverage(gap_score, weight) -%}
    {{ safe_divide(
        "sum(case when " ~ gap_score ~ " is not null then " ~ exact(weight) ~ " end)",
        "sum(" ~ exact(weight) ~ ")"
    ) }}
{%- endmacro %}

{#-
    Reliability of the difference P - E of two scores that vary alike, from the reliability of each and their
    correlation: the nearer they correlate, the less their difference says. NULL where they correlate fully.
    Source: Brown, Churchill & Peter 1993.
-#}
{% macro difference_reliability(reliability_p, reliability_e, correlation) -%}
    {{ safe_divide(
        "(" ~ reliability_p ~ " + " ~ reliability_e ~ ") / 2.0 - " ~ correlation,
        "1 - " ~ correlation
    ) }}
{%- endmacro %}
