with

line_items as (
    select * from {{ ref("int_line_items_unioned") }}
),

orders as (
    select * from {{ ref("int_orders") }}
),

products as (
    select * from {{ ref("int_products") }}
),

priced as (
    select
        *,
        coalesce(
            line_number,
            cast(row_number() over (partition by source_system, deal_id order by line_item_id) as integer)
        ) as position_number,
        cast(round(quantity * unit_price, 2) as decimal(18, 2)) as list_amount,
        cast(coalesce(discount_amount, 0) as decimal(18, 2)) as granted_amount,
        cast(round(quantity * unit_cost, 2) as decimal(18, 2)) as cost_amount
    from line_items
),

joined as (
    select
        {{ surrogate_key(["priced.line_item_id"]) }} as order_line_key,
        orders.order_id,
        priced.position_number as line_number,
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
        orders.is_deleted or priced.is_deleted as is_deleted,
        priced.quantity,
        priced.unit_price,
        priced.unit_cost,
        priced.list_amount,
        priced.granted_amount as discount_amount,
        cast(priced.list_amount - priced.granted_amount as decimal(18, 2)) as net_amount,
        priced.cost_amount,
        cast(priced.list_amount - priced.granted_amount - priced.cost_amount as decimal(18, 2)) as margin_amount
    from priced
    inner join orders on priced.source_system = orders.source_system and priced.deal_id = orders.order_id
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
