-- How each customer was found, and what became of it in its first year.
with

customers as (
    select * from {{ ref("dim_customer") }}
),

order_lines as (
    select * from {{ ref("fct_order_line") }}
),

customer_months as (
    select * from {{ ref("fct_customer_month") }}
),

earlier_customers as (
    select * from {{ ref("int_earlier_customers") }}
),

dated as (
    select
        customers.customer_key,
        coalesce(nullif(trim(customers.lead_source), ''), 'unknown') as lead_source,
        case when customers.has_crm_record then cast(customers.acquired_at as date) end as known_on,
        cast(customers.first_order_at as date) as first_order_on,
        {{ months_after("cast(customers.first_order_at as date)", 12) }} as anniversary,
        earlier_customers.customer_key is not null as is_earlier_customer
    from customers
    left join earlier_customers on customers.customer_key = earlier_customers.customer_key
),

first_years as (
    select
        dated.customer_key,
        sum(order_lines.margin_amount) as margin,
        sum(order_lines.net_amount) as net_revenue,
        sum(case when order_lines.margin_amount is not null then order_lines.net_amount end) as costed_revenue
    from dated
    inner join order_lines on dated.customer_key = order_lines.customer_key
    where
        (order_lines.is_clean_sale or order_lines.is_return)
        and not order_lines.is_deleted
        and cast(order_lines.ordered_at as date) >= dated.first_order_on
        and cast(order_lines.ordered_at as date) < dated.anniversary
    group by 1
),

twelfth_months as (
    select
        customer_key,
        bool_or(is_active) as is_retained,
        bool_or(
            month_number = 12 and month_is_complete and {{ is_silence_known(days_after("month_start", -1)) }}
        ) as is_decided
    from customer_months
    where month_number >= 12
    group by 1
),

final as (
    select
        dated.customer_key,
        dated.lead_source,
        lower(dated.lead_source) like '%referral%' as is_referral,
        dated.known_on,
        dated.first_order_on,
        dated.is_earlier_customer,
        coalesce(dated.anniversary <= {{ days_after(as_of_date(), 1) }}, false) as has_first_year,
        first_years.margin as first_year_margin,
        first_years.net_revenue as first_year_revenue,
        first_years.costed_revenue as first_year_costed_revenue,
        coalesce(twelfth_months.is_decided, false) as is_month_12_decided,
        coalesce(twelfth_months.is_retained, false) as is_retained_12m
    from dated
    left join first_years on dated.customer_key = first_years.customer_key
    left join twelfth_months on dated.customer_key = twelfth_months.customer_key
)

select * from final
