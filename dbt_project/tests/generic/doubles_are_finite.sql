{#-
    Fails on each double column in which a NaN or infinity stands, and counts them: they pass `not_null`, sort above
    every number and poison each average they enter.
-#}
{% test doubles_are_finite(model) %}
{%- set doubles = [] -%}
{%- if execute -%}
    {%- for column in adapter.get_columns_in_relation(model) if column.dtype | lower in ["double", "double precision"] -%}
        {%- do doubles.append(column.name) -%}
    {%- endfor -%}
{%- endif -%}
{%- for column in doubles %}
select
    '{{ column }}' as column_name,
    count(*) as n_rows
from {{ model }}
where not isfinite({{ column }})
having count(*) > 0
{{ "union all" if not loop.last }}
{%- else %}
select 'no column is a double' as column_name
where {{ "true" if execute else "false" }}
{%- endfor %}
{% endtest %}
