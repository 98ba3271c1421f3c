with

deals as (
    select * from {{ ref("int_deals") }}
),

final as (
    select
        source_system,
        deal_id as order_id,
        deal_key,
        order_number,
        customer_key,
        contact_key,
        sales_channel as channel,
        currency,
        decided_at as ordered_at,
        promised_delivery_date,
        delivered_at,
        case
            when promised_delivery_date is null then null
            when delivered_at is not null then cast(delivered_at as date) <= promised_delivery_date
            when promised_delivery_date < {{ as_of_date() }} then false
        end as is_on_time,
        is_deleted
    from deals
    where is_order
)

select * from final
