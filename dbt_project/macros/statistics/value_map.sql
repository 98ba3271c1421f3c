{#-
    Own score by the competitor's on the same attribute; 1 = equal. NULL where the competitor has no score or one of
    nothing. Source: Gale 1994.
-#}
{% macro performance_ratio(own_score, competitor_score) -%}
    {{ safe_divide(own_score, competitor_score) }}
{%- endmacro %}

{#-
    Market-perceived quality against a competitor: Σ w · own / competitor over the rows of a group, whose weights sum
    to 1. An aggregate. Source: Gale 1994.
-#}
{% macro perceived_quality_ratio(weight, ratio) -%}
    {{ exact_sum(weight ~ " * " ~ ratio) }}
{%- endmacro %}

{#-
    Own price by the competitor's; above 1 we are dearer. From the index of its price (ours = 100) where that is known,
    else from how fair both prices are felt to be, the other way round: the price felt less fair is the higher one.
-#}
{% macro relative_price(price_index, own_price_score, competitor_price_score) -%}
    case
        when {{ price_index }} is not null then {{ safe_divide("100", price_index) }}
        else nullif({{ safe_divide(competitor_price_score, own_price_score) }}, 0)
    end
{%- endmacro %}

{#- Perceived quality for the price, against a competitor; above 1 we give more for it. Source: Gale 1994. -#}
{% macro relative_value(perceived_quality, price) -%}
    {{ safe_divide(perceived_quality, price) }}
{%- endmacro %}

{#-
    Side of the fair-value line, on which quality and price stand in the same proportion to the competitor's (relative
    value 1). `on` as long as the interval contains the line: the tolerance is what the answers cannot tell apart.
-#}
{% macro fair_value_position(ci_low, ci_high) -%}
    case
        when {{ ci_low }} > 1 then 'above'
        when {{ ci_high }} < 1 then 'below'
        when {{ ci_low }} <= 1 and {{ ci_high }} >= 1 then 'on'
    end
{%- endmacro %}
