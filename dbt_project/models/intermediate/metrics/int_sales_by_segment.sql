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

orders as (
    select
        customer_key,
        order_id,
        cast(ordered_at as date) as order_date,
        bool_and(is_on_time) as is_on_time,
        sum(net_amount) as net_amount
    from order_lines
    where is_clean_sale
    group by 1, 2, 3
),

customer_sales as (
    select
        orders.customer_key,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        count(*) as n_orders,
        count(orders.is_on_time) as n_promised,
        count(case when orders.is_on_time then 1 end) as n_on_time,
        sum(orders.net_amount) as sales_amount
    from orders
    inner join periods on orders.order_date between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5
),

segment_sales as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customer_sales.period_grain,
        customer_sales.period_start,
        customer_sales.period_end,
        customer_sales.period_is_complete,
        cast(sum(customer_sales.n_orders) as bigint) as n_orders,
        cast(sum(customer_sales.n_promised) as bigint) as n_promised,
        cast(sum(customer_sales.n_on_time) as bigint) as n_on_time,
        count(*) as n_customers,
        count(case when customer_sales.n_promised > 0 then 1 end) as n_customers_promised,
        cast(sum(customer_sales.sales_amount) as decimal(18, 2)) as sales_amount
    from customer_sales
    inner join segments on customer_sales.customer_key = segments.customer_key
    group by 1, 2, 3, 4, 5, 6, 7
)

select * from segment_sales
