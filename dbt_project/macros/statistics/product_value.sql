{#-
    Economic value to the customer, in money a unit: what the next best alternative costs, plus what this product does
    better, minus what it does worse. NULL where any part is not researched.
    Sources: Forbis & Mehta 1979; Nagle.
-#}
{% macro economic_value_to_customer(reference_price, positive_differentiation, negative_differentiation) -%}
    {{ reference_price }} + {{ positive_differentiation }} - {{ negative_differentiation }}
{%- endmacro %}

{#-
    Where a price stands between cost (0) and economic value (1). Below 0 the seller loses, above 1 the customer does.
    NULL where the economic value does not exceed the cost: no price could serve both. Source: Forbis & Mehta 1979; Nagle.
-#}
{% macro price_position(price, unit_cost, economic_value) -%}
    case
        when {{ economic_value }} > {{ unit_cost }}
            then {{ safe_divide(price ~ " - " ~ unit_cost, economic_value ~ " - " ~ unit_cost) }}
    end
{%- endmacro %}

{#- Whether both sides gain: unit cost < price < economic value. NULL where one of the three is unknown. -#}
{% macro is_win_win(price, unit_cost, economic_value) -%}
    case
        when {{ price }} is not null and {{ unit_cost }} is not null and {{ economic_value }} is not null
            then {{ unit_cost }} < {{ price }} and {{ price }} < {{ economic_value }}
    end
{%- endmacro %}
