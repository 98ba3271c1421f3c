{{ config(materialized="view") }}

with

line_items as (
    select * from {{ ref("stg_hubspot__line_items") }}
),

line_item_deals as (
    select * from {{ ref("stg_hubspot__line_item_deals") }}
),

deals as (
    select * from {{ ref("stg_hubspot__deals") }}
),

opportunity_line_items as (
    select * from {{ ref("stg_salesforce__opportunity_line_items") }}
),

merged_deals as (
    select
        deal_id as winner_id,
        trim(unnest({{ split_text("merged_deal_ids", ";") }})) as loser_id
    from deals
    where merged_deal_ids is not null
),

-- Lines follow their deal into the deal it was merged into.
line_deals as (
    select
        line_item_deals.line_item_id,
        min(coalesce(merged_deals.winner_id, line_item_deals.deal_id)) as deal_id
    from line_item_deals
    left join merged_deals on line_item_deals.deal_id = merged_deals.loser_id
    group by line_item_deals.line_item_id
),

hubspot_line_items as (
    select
        'hubspot' as source_system,
        line_items.line_item_id,
        line_deals.deal_id,
        line_items.line_number,
        line_items.product_sku,
        line_items.product_name,
        line_items.quantity,
        line_items.unit_price,
        line_items.unit_cost,
        line_items.discount_amount,
        upper(nullif(trim(line_items.currency), '')) as currency,
        line_items.billing_period,
        line_items.billing_starts_on,
        line_items.is_archived as is_deleted
    from line_items
    inner join line_deals on line_items.line_item_id = line_deals.line_item_id
),

salesforce_line_items as (
    select
        'salesforce' as source_system,
        line_item_id,
        deal_id,
        line_number,
        product_sku,
        cast(null as varchar) as product_name,
        quantity,
        unit_price,
        unit_cost,
        discount_amount,
        upper(nullif(trim(currency), '')) as currency,
        cast(null as varchar) as billing_period,
        cast(null as date) as billing_starts_on,
        is_archived as is_deleted
    from opportunity_line_items
),

unioned as (
    select * from hubspot_line_items
    union all
    select * from salesforce_line_items
)

select * from unioned
