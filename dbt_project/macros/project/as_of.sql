{#- The last day the warehouse covers. No model reads the clock. -#}
{% macro as_of_date() -%}
    cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}

{#- First instant the night does not cover: midnight UTC after the as-of date. -#}
{% macro as_of_until() -%}
    cast({{ days_after(as_of_date(), 1) }} as timestamp)
{%- endmacro %}
