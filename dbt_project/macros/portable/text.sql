{#- E-mail addresses that reach the same mailbox compare equal: composed characters, lower case, no blanks around. -#}
{% macro normalized_email(email) -%}
    {{ return(adapter.dispatch("normalized_email")(email)) }}
{%- endmacro %}

{% macro default__normalized_email(email) -%}
    nullif(lower(trim(nfc_normalize({{ email }}), ' ' || chr(9) || chr(10) || chr(13) || chr(160))), '')
{%- endmacro %}

{#- Numbers customers and people carry in several systems (C-000045, P-000123). -#}
{% macro normalized_number(number) -%}
    nullif(upper(trim({{ number }})), '')
{%- endmacro %}

{#- First match of a regular expression, NULL where there is none. -#}
{% macro first_match(text, pattern) -%}
    {{ return(adapter.dispatch("first_match")(text, pattern)) }}
{%- endmacro %}

{% macro default__first_match(text, pattern) -%}
    nullif(regexp_extract({{ text }}, '{{ pattern }}'), '')
{%- endmacro %}

{#- What stands after the first match of a regular expression; empty where nothing does. -#}
{% macro text_after(text, pattern) -%}
    {{ return(adapter.dispatch("text_after")(text, pattern)) }}
{%- endmacro %}

{% macro default__text_after(text, pattern) -%}
    regexp_extract({{ text }}, '{{ pattern }}(.*)$', 1)
{%- endmacro %}
