{#-
    What the warehouse knew of each record, night by night: one row per record and night (`known_from`) that changed
    its latest version, by the same order as latest_version. A version that arrived after a newer one was never known.
-#}
{% macro known_versions(relation, version) -%}
    select *
    from (
        select
            *,
            _as_of_date as known_from,
            max(version_at) over (
                partition by id order by _as_of_date rows between unbounded preceding and 1 preceding
            ) as known_version_at
        from (
            select
                *,
                coalesce({{ version }}, cast('0001-01-01' as timestamp)) as version_at,
                row_number() over (
                    partition by id, _as_of_date order by {{ version }} desc nulls last, _page desc, _line desc
                ) as rank_of_night
            from {{ relation }}
            where _as_of_date <= {{ as_of_date() }}
        ) as landed
        where rank_of_night = 1
    ) as nights
    where known_version_at is null or version_at >= known_version_at
{%- endmacro %}
