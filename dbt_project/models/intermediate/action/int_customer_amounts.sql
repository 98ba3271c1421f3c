{{ config(materialized="view") }}

-- What a customer brought in the last twelve months and is worth from now on.
with

customers as (
    select * from {{ ref("int_customers") }}
),

customer_months as (
    select * from {{ ref("int_customer_month") }}
    where month_start > {{ months_after("date_trunc('month', " ~ as_of_date() ~ ")", -12) }}
),

relationship_values as (
    select * from {{ ref("int_relationship_values") }}
),

sums as (
    select
        customer_key,
        cast(sum(margin) as decimal(18, 2)) as margin_12m_amount
    from customer_months
    group by customer_key
)

select
    customers.customer_key,
    coalesce(sums.margin_12m_amount, cast(0 as decimal(18, 2))) as margin_12m_amount,
    relationship_values.relationship_value_amount
from customers
left join sums on customers.customer_key = sums.customer_key
left join relationship_values on customers.customer_key = relationship_values.customer_key
