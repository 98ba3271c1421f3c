with

responses as (
    select * from {{ ref("int_survey_responses") }}
),

order_lines as (
    select * from {{ ref("fct_order_line") }}
),

products as (
    select * from {{ ref("dim_product") }}
),

order_products as (
    select
        order_number,
        product_sku,
        sum(net_amount) as net_amount,
        min(line_number) as line_number
    from order_lines
    where order_number is not null and product_sku is not null and not is_deleted and not is_return
    group by order_number, product_sku
),

ranked as (
    select
        order_number,
        product_sku,
        row_number() over (
            partition by order_number order by net_amount desc nulls last, line_number nulls last, product_sku
        ) as product_rank
    from order_products
),

-- Whatever order a response names, it judges the company as well.
judged as (
    select response_key, 'all' as product_key
    from responses
    union all
    select responses.response_key, products.product_key
    from responses
    inner join ranked on responses.order_number = ranked.order_number and ranked.product_rank = 1
    inner join products on ranked.product_sku = products.product_sku
)

select * from judged
