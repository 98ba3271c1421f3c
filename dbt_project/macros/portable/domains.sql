{#-
    The host a web address names, without `www.`: `https://www.Acme.example/en?x=1` and `acme.example` are the same.
    NULL for what has no dot, such as `n/a` or a name.
-#}
{% macro web_domain(address) -%}
    {{ return(adapter.dispatch("web_domain")(address)) }}
{%- endmacro %}

{% macro default__web_domain(address) -%}
    nullif(
        regexp_extract(
            lower(trim({{ address }})),
            '^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@]*@)?(?:www[.])?([^/:?#@[:space:]]+[.][^/:?#@.[:space:]]+)[.]?(?:[/:?#]|$)',
            1
        ),
        ''
    )
{%- endmacro %}

{#- What stands behind the last @ of an address. -#}
{% macro email_domain(email) -%}
    {{ return(adapter.dispatch("email_domain")(email)) }}
{%- endmacro %}

{% macro default__email_domain(email) -%}
    nullif(regexp_extract({{ email }}, '@([^@]+[.][^@]+)$', 1), '')
{%- endmacro %}

{#- The mailbox before the last @, without what a plus adds to it: `info+x@acme.example` is `info`. -#}
{% macro email_local_part(email) -%}
    {{ return(adapter.dispatch("email_local_part")(email)) }}
{%- endmacro %}

{% macro default__email_local_part(email) -%}
    nullif(regexp_extract({{ email }}, '^([^+]+)(?:[+].*)?@[^@]+$', 1), '')
{%- endmacro %}
