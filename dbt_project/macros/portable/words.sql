{#-
    The words of a text as a list, marks that end a clause among them. Written alike whatever the spelling: lower case,
    ä as ae, ß as ss, no accents.
-#}
{% macro text_words(text) -%}
    {{ return(adapter.dispatch("text_words")(text)) }}
{%- endmacro %}

{% macro default__text_words(text) -%}
    {%- set spelling = namespace(sql="lower(nfc_normalize(" ~ text ~ "))") -%}
    {%- for letter, letters in [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("’", "''")] -%}
        {%- set spelling.sql = "replace(" ~ spelling.sql ~ ", '" ~ letter ~ "', '" ~ letters ~ "')" -%}
    {%- endfor -%}
    regexp_extract_all(strip_accents({{ spelling.sql }}), '[a-z0-9]+(?:''[a-z]+)?|[.,;:!?]')
{%- endmacro %}

{#- Number of elements of a list, and the one at a place counted from 1. -#}
{% macro list_size(list) -%}
    {{ return(adapter.dispatch("list_size")(list)) }}
{%- endmacro %}

{% macro default__list_size(list) -%}
    len({{ list }})
{%- endmacro %}

{% macro list_element(list, place) -%}
    {{ return(adapter.dispatch("list_element")(list, place)) }}
{%- endmacro %}

{% macro default__list_element(list, place) -%}
    list_extract({{ list }}, {{ place }})
{%- endmacro %}

{#- The elements of a list of words as one text, a blank between two. -#}
{% macro joined_words(words) -%}
    {{ return(adapter.dispatch("joined_words")(words)) }}
{%- endmacro %}

{% macro default__joined_words(words) -%}
    array_to_string({{ words }}, ' ')
{%- endmacro %}
