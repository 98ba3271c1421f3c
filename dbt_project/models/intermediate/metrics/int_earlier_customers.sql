-- Customers whose first order lies before the orders we know. Somebody the CRM knew before the history begins, and who
-- buys within the activity window of its beginning, was hardly new.
with

customers as (
    select * from {{ ref("int_customers") }}
),

order_lines as (
    select * from {{ ref("fct_order_line") }}
),

history as (
    select cast(date_trunc('month', min(ordered_at)) as date) as first_day
    from order_lines
    where is_clean_sale
)

select customers.customer_key
from customers
cross join history
where
    cast(customers.acquired_at as date) < history.first_day
    and {{ days_between("history.first_day", "customers.first_order_at") }} < {{ var("activity_window_days") }}
