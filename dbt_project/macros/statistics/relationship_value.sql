{#-
    Present value of a customer's future margins, retention form: a margin a month as long as the customer stays,
    each month with probability r, discounted by i a month. The first margin comes one month ahead.
    Source: Gupta & Lehmann.
-#}
{% macro monthly_discount_rate(annual_rate) -%}
    (power(1 + cast({{ annual_rate }} as double), cast(1 as double) / 12) - 1)
{%- endmacro %}

{#- Probability to stay for a year at a monthly retention rate. -#}
{% macro annual_retention_rate(monthly_rate) -%}
    power(cast({{ monthly_rate }} as double), 12)
{%- endmacro %}

{#- Over `horizon` periods: m · q(1 - q^H) / (1 - q) with q = r / (1 + i), or m · H where nothing is lost or discounted. -#}
{% macro relationship_value_finite(margin, retention, discount, horizon) -%}
    {%- set q = "(" ~ retention ~ " / (1 + " ~ discount ~ "))" -%}
    {{ margin }} * case
        when {{ q }} = 1 then {{ horizon }}
        else {{ q }} * {{ safe_divide("1 - power(" ~ q ~ ", " ~ horizon ~ ")", "1 - " ~ q) }}
    end
{%- endmacro %}

{#- For ever: m · r / (1 + i - r). NULL where the sum has no limit. -#}
{% macro relationship_value_infinite(margin, retention, discount) -%}
    case
        when 1 + {{ discount }} - {{ retention }} > 0
            then {{ margin }} * {{ safe_divide(retention, "1 + " ~ discount ~ " - " ~ retention) }}
    end
{%- endmacro %}


{#-
    What a customer's next purchase is expected to amount to: its own mean, drawn towards that of all customers, the less
    so the more it bought. `purchases` with a mean of `mean_amount` are those after the first. NULL where q <= 1: such
    amounts have no mean. Source: Fader & Hardie 2013, The Gamma-Gamma Model of Monetary Value.
-#}
{% macro expected_amount(p, q, v, purchases, mean_amount) -%}
    case
        when {{ q }} > 1
            then
                {{ p }} * ({{ v }} + {{ purchases }} * coalesce({{ mean_amount }}, 0))
                / nullif({{ p }} * {{ purchases }} + {{ q }} - 1, 0)
    end
{%- endmacro %}
