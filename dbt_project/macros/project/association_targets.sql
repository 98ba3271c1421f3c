{#-
    Rows (from_id, to_id, type_id) of a HubSpot association stream whose latest versions stand in the CTE `source`.
    A record may be associated several times with the same other record, each time with another type; the same type
    twice says nothing more.
-#}
{% macro association_targets() -%}
    select distinct
        from_id,
        target.toObjectId as to_id,
        {{ explode_outer("target.associationTypes") }}.typeId as type_id
    from (
        select
            from_id,
            unnest(
                {{ json_typed(
                    "to_records", '[{"toObjectId": "VARCHAR", "associationTypes": [{"typeId": "INTEGER"}]}]'
                ) }}
            ) as target
        from source
    ) as targets
{%- endmacro %}
