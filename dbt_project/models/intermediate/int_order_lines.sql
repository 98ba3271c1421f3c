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

orders as (
    select * from {{ ref("int_orders") }}
),

products as (
    select * from {{ ref("int_products") }}
),

merged_deals as (
    select
        deal_id as winner_id,
        trim(unnest({{ split_text("merged_deal_ids", ";") }})) as loser_id
    from deals
    where merged_deal_ids is not null
),

-- Lines follow their order into the order it was merged into.
line_orders as (
    select
        line_item_deals.line_item_id,
        min(coalesce(merged_deals.winner_id, line_item_deals.deal_id)) as order_id
    from line_item_deals
    left join merged_deals on line_item_deals.deal_id = merged_deals.loser_id
    group by line_item_deals.line_item_id
),

priced as (
    select
        line_items.line_item_id,
        line_orders.order_id,
        coalesce(
            line_items.line_number,
            cast(row_number() over (partition by line_orders.order_id order by line_items.line_item_id) as integer)
        ) as line_number,
        line_items.product_sku,
        line_items.product_name,
        line_items.quantity,
        line_items.unit_price,
        line_items.unit_cost,
        line_items.is_archived,
        cast(round(line_items.quantity * line_items.unit_price, 2) as decimal(18, 2)) as list_amount,
        cast(coalesce(line_items.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(round(line_items.quantity * line_items.unit_cost, 2) as decimal(18, 2)) as cost_amount
    from line_items
    inner join line_orders on line_items.line_item_id = line_orders.line_item_id
),

joined as (
    select
        {{ surrogate_key(["priced.line_item_id"]) }} as order_line_key,
        orders.order_id,
        priced.line_number,
        orders.order_number,
        orders.customer_key,
        orders.contact_key,
        priced.product_sku,
        coalesce(priced.product_name, products.product_name) as product_name,
        products.product_family,
        orders.channel,
        orders.currency,
        orders.ordered_at,
        orders.promised_delivery_date,
        orders.delivered_at,
        orders.is_on_time,
        orders.is_deleted or priced.is_archived as is_deleted,
        priced.quantity,
        priced.unit_price,
        priced.unit_cost,
        priced.list_amount,
        priced.discount_amount,
        cast(priced.list_amount - priced.discount_amount as decimal(18, 2)) as net_amount,
        priced.cost_amount,
        cast(priced.list_amount - priced.discount_amount - priced.cost_amount as decimal(18, 2)) as margin_amount
    from priced
    inner join orders on priced.order_id = orders.order_id
    left join products on priced.product_sku = products.product_sku
),

cleaned as (
    select
        *,
        coalesce(quantity < 0, false) as is_return,
        coalesce(
            quantity > 0 and unit_price > 0 and customer_key is not null and not is_deleted, false
        ) as is_clean_sale
    from joined
),

first_orders as (
    select customer_key, order_id
    from (
        select
            customer_key,
            order_id,
            row_number() over (partition by customer_key order by min(ordered_at), order_id) as order_rank
        from cleaned
        where is_clean_sale
        group by customer_key, order_id
    ) as ranked
    where order_rank = 1
),

final as (
    select
        cleaned.*,
        first_orders.order_id is not null as is_first_order
    from cleaned
    left join first_orders
        on cleaned.customer_key = first_orders.customer_key and cleaned.order_id = first_orders.order_id
)

select * from final
