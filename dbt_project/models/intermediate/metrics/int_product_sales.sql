with

order_lines as (
    select * from {{ ref("fct_order_line") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

customer_sales as (
    select
        order_lines.product_sku,
        order_lines.customer_key,
        sum(order_lines.quantity) as units_sold,
        sum(order_lines.list_amount) as list_amount,
        sum(order_lines.discount_amount) as discount_amount,
        sum(order_lines.net_amount) as net_amount
    from order_lines
    inner join periods
        on
            cast(order_lines.ordered_at as date) between periods.period_start and periods.period_end
            and periods.period_grain = 'trailing_12m'
    where order_lines.is_clean_sale and order_lines.product_sku is not null
    group by 1, 2
),

final as (
    select
        customer_sales.*,
        segments.segment_key
    from customer_sales
    inner join segments on customer_sales.customer_key = segments.customer_key
)

select * from final
