{#-
    The last version of each record that was known at the end of the as-of date. Raw tables keep every version a
    night landed, so the warehouse of an old night can be built again after later nights were loaded. Where two
    nights landed the same version, the later one wins: archiving a HubSpot record does not move its updated_at.
-#}
{% macro latest_version(relation, record_id=["id"], version=none) -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ record_id | join(", ") }}
                order by
                    {%- if version %}
                    {{ version }} desc nulls last,
                    {%- endif %}
                    _as_of_date desc, _page desc, _line desc
            ) as version_rank
        from {{ relation }}
        where _as_of_date <= {{ as_of_date() }}
    ) as versions
    where version_rank = 1
{%- endmacro %}
