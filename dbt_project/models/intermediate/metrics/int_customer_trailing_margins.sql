{{ config(materialized="view") }}

with

customer_months as (
    select * from {{ ref("int_customer_month") }}
),

-- Months follow each other without a hole, so that twelve rows are twelve months.
final as (
    select
        customer_key,
        month_start,
        cast(sum(margin) over (
            partition by customer_key order by month_start
            rows between 11 preceding and current row
        ) as decimal(18, 2)) as margin_12m_amount
    from customer_months
)

select * from final
