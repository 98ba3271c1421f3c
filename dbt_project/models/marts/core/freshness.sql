with

streams as (
    {{ declared_streams() }}
),

loads as (
    select *
    from {{ source("ops", "loads") }}
    where as_of_date <= {{ as_of_date() }}
),

final as (
    select
        streams.source,
        streams.stream,
        max(loads.as_of_date) as last_loaded_as_of,
        {{ days_between("max(loads.as_of_date)", as_of_date()) }} as nights_behind,
        coalesce(max(loads.as_of_date) < {{ as_of_date() }}, true) as is_stale,
        cast(coalesce(sum(loads.loaded_rows), 0) as bigint) as rows_loaded,
        cast(coalesce(sum(loads.quarantined_rows), 0) as bigint) as rows_quarantined,
        {{ lineage_columns() }}
    from streams
    left join loads on streams.source = loads.source and streams.stream = loads.stream
    group by streams.source, streams.stream
)

select * from final
