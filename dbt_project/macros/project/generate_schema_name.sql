{#- Schemas are called what they hold (staging, marts), without a developer's prefix: each build has a file of its own. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
