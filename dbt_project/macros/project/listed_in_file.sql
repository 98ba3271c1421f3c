{#-
    Rows of the latest version of each file known at the end of the as-of date. The file is the list: a row that is
    not in its latest version was taken out.
-#}
{% macro listed_in_file(relation) -%}
    select *
    from (
        select
            *,
            max(_as_of_date) over (partition by mapping, file_name, sheet) as file_as_of_date
        from {{ relation }}
        where _as_of_date <= {{ as_of_date() }}
    ) as known
    where _as_of_date = file_as_of_date
{%- endmacro %}
