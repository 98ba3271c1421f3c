{#- Whose a rating of a ticket is. A misspelt rule must not quietly become another one. -#}
{% macro rating_attribution() -%}
    {%- set rule = var("rating_attribution", "resolver") -%}
    {#- The linter knows neither variables nor exceptions. -#}
    {%- if exceptions is defined and rule not in ["resolver", "replies", "last_assignee"] -%}
        {{ exceptions.raise_compiler_error(
            "rating_attribution is " ~ rule ~ ". Set it to resolver, replies or last_assignee in dbt_project.yml."
        ) }}
    {%- endif -%}
    {{ return(rule) }}
{%- endmacro %}
