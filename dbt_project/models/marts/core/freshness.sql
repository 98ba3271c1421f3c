with

streams as (
    {{ declared_streams() }}
),

loads as (
    select *
    from {{ source("ops", "loads") }}
    where as_of_date <= {{ as_of_date() }}
),

counted as (
    select
        source,
        stream,
        max(as_of_date) as last_loaded_as_of,
        sum(loaded_rows) as rows_loaded,
        sum(quarantined_rows) as rows_quarantined
    from loads
    group by source, stream
),

latest as (
    select
        source,
        stream,
        note,
        row_number() over (partition by source, stream order by as_of_date desc, run_id desc) as load_rank
    from loads
),

known as (
    select
        streams.source,
        streams.stream,
        streams.source in (
            {{ literals(var("sources")) }}
        ) as is_used,
        counted.last_loaded_as_of,
        counted.rows_loaded,
        counted.rows_quarantined,
        latest.note
    from streams
    left join counted on streams.source = counted.source and streams.stream = counted.stream
    left join latest
        on streams.source = latest.source and streams.stream = latest.stream and latest.load_rank = 1
),

judged as (
    select
        *,
        is_used and coalesce(last_loaded_as_of < {{ as_of_date() }}, true) as is_stale
    from known
),

final as (
    select
        source,
        stream,
        case
            when not is_used then 'not used'
            when is_stale then 'stale'
            when note = 'not on this plan' then 'not on this plan'
            else 'loaded'
        end as status,
        note,
        last_loaded_as_of,
        case when is_used then {{ days_between("last_loaded_as_of", as_of_date()) }} end as nights_behind,
        is_stale,
        cast(coalesce(rows_loaded, 0) as bigint) as rows_loaded,
        cast(coalesce(rows_quarantined, 0) as bigint) as rows_quarantined,
        {{ lineage_columns() }}
    from judged
)

select * from final
