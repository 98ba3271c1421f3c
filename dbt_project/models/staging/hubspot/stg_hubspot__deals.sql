with

versions as (
    {{ latest_version(source("hubspot", "deals"), version="updated_at") }}
),

census as (
    {{ last_census(source("hubspot", "deal_ids")) }}
),

counted as (
    {{ counted_versions(is_deleted="is_archived") }}
),

renamed as (
    select
        id as deal_id,

        dealname as deal_name,
        order_number,
        dealstage as deal_stage,
        pipeline,
        sales_channel,
        deal_currency_code as currency,
        hubspot_owner_id as owner_id,
        nullif(trim(hs_merged_object_ids), '') as merged_deal_ids,
        closed_lost_reason as lost_reason,

        amount,

        coalesce(hs_is_closed_won, dealstage = 'closedwon', false) as is_won,
        coalesce(hs_is_closed, dealstage in ('closedwon', 'closedlost'), false) as is_closed,
        is_gone as is_archived,

        cast(promised_delivery_date as date) as promised_delivery_date,
        createdate as opened_at,
        closedate as closed_at,
        delivered_at,
        created_at,
        updated_at
    from counted
)

select * from renamed
