{#- The marts as the project declares them, by name; none while dbt is still parsing it. -#}
{% macro published_models() -%}
    {%- set found = [] -%}
    {%- if execute and graph is defined -%}
        {%- for node in graph.nodes.values() | selectattr("resource_type", "equalto", "model") | sort(attribute="name") -%}
            {%- if node.fqn[1] == "marts" -%} {%- do found.append(node) -%} {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- The tests a model's YAML names, and those in dbt_project/tests that read it, by name. -#}
{% macro tests_of(model) -%}
    {%- set found = [] -%}
    {%- for test in graph.nodes.values() | selectattr("resource_type", "equalto", "test") | sort(attribute="name") -%}
        {%- if test.attached_node == model.unique_id
            or not test.test_metadata and model.unique_id in test.depends_on.nodes -%}
            {%- do found.append(test) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- The columns that name a row: those of its first test of a key of columns alone, else the first unique one. -#}
{% macro key_columns(model) -%}
    {%- set keys = [] -%}
    {%- set unique = [] -%}
    {%- for test in tests_of(model) if test.test_metadata -%}
        {%- set arguments = test.test_metadata.kwargs -%}
        {%- set columns = arguments.get("columns") or arguments.get("combination_of_columns") or [] -%}
        {%- if test.test_metadata.name == "unique" -%}
            {%- do unique.append([test.column_name]) -%}
        {%- elif test.test_metadata.name in ("is_key", "unique_combination_of_columns")
            and columns | reject("in", model.columns) | list == [] -%}
            {%- do keys.append(columns) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return((keys + unique)[0] if keys + unique else []) }}
{%- endmacro %}

{#- What a test was given, as JSON, without the model it is of. -#}
{% macro check_arguments(test) -%}
    {%- set given = {} -%}
    {%- for name, value in test.test_metadata.kwargs.items() if name not in ("model", "column_name") -%}
        {%- do given.update({name: value}) -%}
    {%- endfor -%}
    {{ return(tojson(given, sort_keys=true)) }}
{%- endmacro %}
