{#- Words of ours as a list of SQL strings. -#}
{% macro literals(words) -%}
    {%- for word in words -%}
    '{{ word }}' {{- ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
