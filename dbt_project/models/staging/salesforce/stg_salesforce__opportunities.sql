with

versions as (
    {{ latest_version(source("salesforce", "opportunities"), version="updated_at") }}
),

census as (
    {{ last_census(source("salesforce", "opportunity_ids")) }}
),

counted as (
    {{ counted_versions() }}
),

renamed as (
    select
        id as deal_id,
        account_id as company_id,

        name as deal_name,
        order_number,
        stage_name as deal_stage,
        sales_channel,
        currency_iso_code as currency,
        owner_id,

        amount,

        coalesce(is_won, false) as is_won,
        coalesce(is_closed, false) as is_closed,
        is_gone as is_archived,

        cast(promised_delivery_date as date) as promised_delivery_date,
        created_at as opened_at,
        close_date as closed_at,
        delivered_at,
        created_at,
        updated_at
    from counted
)

select * from renamed
