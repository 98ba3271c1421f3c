with

deal_lines as (
    select * from {{ ref("int_deal_lines") }}
),

orders as (
    select * from {{ ref("int_orders") }}
),

products as (
    select * from {{ ref("int_products") }}
),

joined as (
    select
        deal_lines.order_line_key,
        orders.order_id,
        deal_lines.line_number,
        orders.order_number,
        orders.customer_key,
        orders.contact_key,
        deal_lines.product_sku,
        coalesce(deal_lines.product_name, products.product_name) as product_name,
        products.product_family,
        orders.channel,
        deal_lines.currency,
        deal_lines.fx_rate,
        orders.ordered_at,
        orders.promised_delivery_date,
        orders.delivered_at,
        orders.is_on_time,
        orders.is_deleted or deal_lines.is_deleted as is_deleted,
        deal_lines.quantity,
        deal_lines.unit_price,
        deal_lines.unit_cost,
        deal_lines.net_amount_original,
        deal_lines.list_amount,
        deal_lines.discount_amount,
        deal_lines.net_amount,
        deal_lines.cost_amount,
        deal_lines.margin_amount,
        deal_lines.billing_period,
        deal_lines.billing_starts_on,
        deal_lines.has_rate,
        deal_lines.has_cost,
        deal_lines.is_whole_deal
    from deal_lines
    inner join orders on deal_lines.deal_key = orders.deal_key
    left join products on deal_lines.product_sku = products.product_sku
),

cleaned as (
    select
        *,
        coalesce(quantity < 0, false) as is_return,
        coalesce(
            quantity > 0 and unit_price > 0 and customer_key is not null and has_rate and not is_deleted, false
        ) as is_clean_sale,
        coalesce(quantity > 0 and margin_amount < 0, false) as is_negative_margin
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
