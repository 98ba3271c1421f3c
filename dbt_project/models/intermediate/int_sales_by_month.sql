with

order_lines as (
    select * from {{ ref("int_order_lines") }}
),

final as (
    select
        customer_key,
        cast(date_trunc('month', ordered_at) as date) as month_start,
        cast(count(distinct case when is_clean_sale then order_id end) as bigint) as orders,
        sum(case when is_clean_sale then quantity end) as units,
        sum(case when is_clean_sale then net_amount end) as revenue,
        sum(case when is_return then net_amount end) as returned_amount,
        sum(margin_amount) as margin,
        bool_and(margin_amount is not null or not has_rate) as has_complete_cost,
        bool_and(has_rate) as has_complete_rate
    from order_lines
    where customer_key is not null and not is_deleted and (is_clean_sale or is_return or not has_rate)
    group by customer_key, cast(date_trunc('month', ordered_at) as date)
)

select * from final
