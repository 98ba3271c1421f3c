{#-
    The last versions of records, in the CTE `versions`, with `is_gone` after the last census, in the CTE `census`
    (see last_census). What the census does not list has vanished since. What it lists is there, even if an older
    version called it deleted: it was restored. A version newer than the census speaks for itself.
-#}
{% macro counted_versions(is_deleted="is_deleted") -%}
    select
        versions.*,
        case
            when census.id is null and census_night._as_of_date >= versions._as_of_date then true
            when census.id is not null and census_night._as_of_date > versions._as_of_date then false
            else coalesce(versions.{{ is_deleted }}, false)
        end as is_gone
    from versions
    cross join (select max(_as_of_date) as _as_of_date from census) as census_night
    left join census on versions.id = census.id
{%- endmacro %}
