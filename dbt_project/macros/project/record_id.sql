{#- One name for a record across vendors. Identity starts from it, so it must never change. -#}
{% macro record_id(source_system, source_object, source_id) -%}
    {{ source_system }} || '|' || {{ source_object }} || '|' || {{ source_id }}
{%- endmacro %}
