{#-
    A JSON document as typed values, parsed once whatever number of fields is read. `structure` is JSON too:
    '[{"id": "VARCHAR"}]' is a list of records with one text field. What does not fit the structure becomes NULL.
-#}
{% macro json_typed(document, structure) -%}
    {{ return(adapter.dispatch("json_typed")(document, structure)) }}
{%- endmacro %}

{% macro default__json_typed(document, structure) -%}
    from_json({{ document }}, '{{ structure }}')
{%- endmacro %}

{#-
    The members of a JSON object as a list of (key, value) records, NULL for any other document. A value that is no
    scalar stays JSON text.
-#}
{% macro json_members(document) -%}
    {{ return(adapter.dispatch("json_members")(document)) }}
{%- endmacro %}

{% macro default__json_members(document) -%}
    map_entries(try_cast(try_cast({{ document }} as json) as map(varchar, varchar)))
{%- endmacro %}

{% macro is_json(text) -%}
    {{ return(adapter.dispatch("is_json")(text)) }}
{%- endmacro %}

{% macro default__is_json(text) -%}
    json_valid({{ text }})
{%- endmacro %}
