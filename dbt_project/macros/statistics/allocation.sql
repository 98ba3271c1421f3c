{#-
    One of `n_parts` equal parts of an amount, in cents: what is left of an even division goes one cent each to the
    parts that come first, so that the parts add up to the amount whatever its sign. `position` counts from 1.
    With equal weights every remainder is as large as the others, so their order is that of the positions.
    Source: largest remainder method (Hamilton; Hare quota).
-#}
{% macro equal_part(amount, position, n_parts) -%}
    {%- set cents = "cast(round(abs(" ~ amount ~ ") * 100, 0) as bigint)" -%}
    cast(
        sign({{ amount }})
        * cast(
            (({{ cents }} - {{ cents }} % {{ n_parts }}) / {{ n_parts }})
            + case when {{ position }} <= {{ cents }} % {{ n_parts }} then 1 else 0 end as decimal(18, 0)
        )
        * 0.01 as decimal(18, 2)
    )
{%- endmacro %}
