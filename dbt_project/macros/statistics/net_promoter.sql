{#-
    Net promoter score: promoters minus detractors in percent of those asked, -100 … 100. Counts may be fractions of
    customers, where the people of one customer answer differently. Source: Reichheld 2003.
-#}
{% macro net_promoter_score(promoters, detractors, n) -%}
    100 * {{ safe_divide(promoters ~ " - " ~ detractors, n) }}
{%- endmacro %}

{#-
    Standard error of the score in points, from the trinomial distribution of promoter, passive, detractor.
    NULL for n = 0; 0 when all answer alike, which is why the interval is not built on it.
-#}
{% macro net_promoter_standard_error(promoters, detractors, n) -%}
    100 * sqrt({{ safe_divide(_trinomial_variance(promoters, detractors, n), n) }})
{%- endmacro %}

{% macro _trinomial_variance(promoters, detractors, n) -%}
    {{ clip(
        safe_divide(promoters ~ " + " ~ detractors, n)
        ~ " - power(" ~ safe_divide(promoters ~ " - " ~ detractors, n) ~ ", 2)",
        0, 1
    ) }}
{%- endmacro %}

{#-
    Centre and half width of the adjusted-Wald interval: three quarters of a customer are added to promoters and to
    detractors, three to all. Source: Lewis & Sauro 2021.
-#}
{% macro adjusted_wald_centre(promoters, detractors, n) -%}
    {{ net_promoter_score("(" ~ promoters ~ " + 0.75)", "(" ~ detractors ~ " + 0.75)", "(" ~ n ~ " + 3)") }}
{%- endmacro %}

{% macro adjusted_wald_half_width(promoters, detractors, n, z) -%}
    {{ z }} * {{ net_promoter_standard_error(
        "(" ~ promoters ~ " + 0.75)", "(" ~ detractors ~ " + 0.75)", "(" ~ n ~ " + 3)"
    ) }}
{%- endmacro %}

{#-
    The interval's bounds, NULL for n < 2. With few customers of one opinion and a confidence below 0.95 the adjusted
    interval can miss the score itself; it is then widened to it.
-#}
{% macro net_promoter_low(promoters, detractors, n, z) -%}
    case when {{ n }} >= 2 then {{ clip(
        adjusted_wald_centre(promoters, detractors, n) ~ " - " ~ adjusted_wald_half_width(promoters, detractors, n, z),
        -100, net_promoter_score(promoters, detractors, n)
    ) }} end
{%- endmacro %}

{% macro net_promoter_high(promoters, detractors, n, z) -%}
    case when {{ n }} >= 2 then {{ clip(
        adjusted_wald_centre(promoters, detractors, n) ~ " + " ~ adjusted_wald_half_width(promoters, detractors, n, z),
        net_promoter_score(promoters, detractors, n), 100
    ) }} end
{%- endmacro %}
