{#-
    The ids of the last whole list of a source's records known at the end of the as-of date, one row an id: what
    is not in it has vanished without a word. A list without any id is taken for an error of the vendor, never for
    the deletion of everything.
-#}
{% macro last_census(relation, record_id=["id"]) -%}
    select distinct
        {{ record_id | join(", ") }},
        _as_of_date
    from {{ relation }}
    where
        _as_of_date = (
            select max(versions._as_of_date) from {{ relation }} as versions where versions._as_of_date <= {{ as_of_date() }}
        )
{%- endmacro %}
