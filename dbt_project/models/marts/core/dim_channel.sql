with

channels as (
    select * from {{ ref("channel") }}
),

deals as (
    select * from {{ ref("int_deals") }}
),

tickets as (
    select * from {{ ref("int_tickets") }}
),

seen as (
    select sales_channel as channel_code, true as is_sales, false as is_service
    from deals
    where sales_channel is not null
    union all
    select channel as channel_code, false as is_sales, true as is_service
    from tickets
    where channel is not null
),

-- What no row of the seed explains is shown for what it was seen as.
unexplained as (
    select
        seen.channel_code,
        bool_or(seen.is_sales) as is_sales,
        bool_or(seen.is_service) as is_service
    from seen
    left join channels on seen.channel_code = channels.channel_code
    where channels.channel_code is null
    group by seen.channel_code
),

unioned as (
    select
        channel_code,
        channel_name,
        channel_type,
        is_sales,
        is_service
    from channels
    union all
    select
        channel_code,
        channel_code as channel_name,
        'unknown' as channel_type,
        is_sales,
        is_service
    from unexplained
),

final as (
    select
        channel_code,
        channel_name,
        channel_type,
        is_sales,
        is_service,
        {{ lineage_columns() }}
    from unioned
)

select * from final
