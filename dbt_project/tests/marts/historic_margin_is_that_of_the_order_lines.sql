-- Every margin known from a customer's first sale on is in its history, and no other.
with

order_lines as (
    select * from {{ ref("fct_order_line") }}
),

first_sales as (
    select
        customer_key,
        cast(date_trunc('month', min(ordered_at)) as date) as first_month
    from order_lines
    where is_clean_sale
    group by customer_key
),

expected as (
    select sum(order_lines.margin_amount) as margin
    from order_lines
    inner join first_sales on order_lines.customer_key = first_sales.customer_key
    where
        (order_lines.is_clean_sale or order_lines.is_return)
        and not order_lines.is_deleted
        and cast(order_lines.ordered_at as date) >= first_sales.first_month
),

found as (
    select sum(historic_margin_amount) as margin
    from {{ ref("relationship_value") }}
)

select
    expected.margin as expected_margin,
    found.margin as found_margin
from expected
cross join found
where expected.margin is distinct from found.margin
