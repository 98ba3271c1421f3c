with

source as (
    {{ latest_version(source("hubspot", "deal_contacts"), record_id=["from_id"]) }}
),

targets as (
    {{ association_targets() }}
),

renamed as (
    select
        from_id as deal_id,
        to_id as contact_id,
        type_id as association_type_id
    from targets
)

select * from renamed
