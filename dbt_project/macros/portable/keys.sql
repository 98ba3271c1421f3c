{#- Key of a combination of columns. NULL differs from the empty string, ('a|', 'b') from ('a', '|b'). -#}
{% macro surrogate_key(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce(replace(cast({{ column }} as varchar), '|', '||'), '|null') {{ "|| '|-' ||" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- What is published instead of a name or an address: equal values have equal hashes. -#}
{% macro private_hash(expression) -%}
    {{ return(adapter.dispatch("private_hash")(expression)) }}
{%- endmacro %}

{% macro default__private_hash(expression) -%}
    sha256({{ expression }})
{%- endmacro %}
