{#- One row per element; a row whose list is empty or NULL stays, with NULL, so that no record is lost on the way. -#}
{% macro explode_outer(list) -%}
    {{ return(adapter.dispatch("explode_outer")(list)) }}
{%- endmacro %}

{% macro default__explode_outer(list) -%}
    unnest(case when len({{ list }}) > 0 then {{ list }} else [null] end)
{%- endmacro %}

{#- Text cut at a separator, as a list; NULL stays NULL. -#}
{% macro split_text(text, separator) -%}
    {{ return(adapter.dispatch("split_text")(text, separator)) }}
{%- endmacro %}

{% macro default__split_text(text, separator) -%}
    string_split({{ text }}, '{{ separator }}')
{%- endmacro %}

{% macro list_has(list, element) -%}
    {{ return(adapter.dispatch("list_has")(list, element)) }}
{%- endmacro %}

{% macro default__list_has(list, element) -%}
    coalesce(list_contains({{ list }}, {{ element }}), false)
{%- endmacro %}

{#- What follows a prefix in the alphabetically first tag that has it: `topic_billing` gives `billing`. -#}
{% macro tag_after_prefix(tags, prefix) -%}
    {{ return(adapter.dispatch("tag_after_prefix")(tags, prefix)) }}
{%- endmacro %}

{% macro default__tag_after_prefix(tags, prefix) -%}
    substr(list_min(list_filter({{ tags }}, lambda tag: starts_with(tag, '{{ prefix }}'))), {{ prefix | length + 1 }})
{%- endmacro %}

{#- The values of a group as one text in their order, with a comma between; an aggregate. -#}
{% macro joined_text(expression) -%}
    {{ return(adapter.dispatch("joined_text")(expression)) }}
{%- endmacro %}

{% macro default__joined_text(expression) -%}
    string_agg({{ expression }}, ', ' order by {{ expression }})
{%- endmacro %}
