{#- Which night and which configuration made a mart's row. Same night, same configuration, same values. -#}
{% macro lineage_columns() -%}
    {{ as_of_date() }} as as_of_date,
    cast('{{ var("run_id") }}' as varchar) as run_id,
    cast('{{ var("config_hash") }}' as varchar) as config_hash
{%- endmacro %}
