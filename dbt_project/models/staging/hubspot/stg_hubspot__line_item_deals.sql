with

source as (
    {{ latest_version(source("hubspot", "line_item_deals"), record_id=["from_id"]) }}
),

targets as (
    {{ association_targets() }}
),

renamed as (
    select
        from_id as line_item_id,
        to_id as deal_id,
        type_id as association_type_id
    from targets
)

select * from renamed
