with

order_lines as (
    select * from {{ ref("int_order_lines") }}
),

-- What was given free, or sold in a currency without a rate, was a purchase all the same; its amount says nothing.
purchased as (
    select
        *,
        cast(ordered_at as date) as purchase_date
    from order_lines
    where customer_key is not null and not is_deleted and quantity > 0 and coalesce(unit_price, 0) >= 0
),

final as (
    select
        customer_key,
        purchase_date,
        cast(count(distinct order_id) as bigint) as n_orders,
        cast(case when bool_and(net_amount is not null) then sum(net_amount) end as decimal(18, 2)) as amount,
        cast(sum(margin_amount) as decimal(18, 2)) as margin_amount,
        bool_and(margin_amount is not null) as has_complete_cost
    from purchased
    group by customer_key, purchase_date
)

select * from final
