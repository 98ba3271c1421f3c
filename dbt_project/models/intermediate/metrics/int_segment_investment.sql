-- Marketing spend of the last twelve months, shared among the customers it won: each new customer of a lead source
-- carries the same part of what was spent on that source.
with

customers as (
    select * from {{ ref("int_customer_first_years") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

sources as (
    select *
    from {{ ref("int_acquisition_counted") }}
    where period_grain = 'trailing_12m' and lead_source <> 'all'
),

new_customers as (
    select
        customers.customer_key,
        {{ safe_divide("sources.spend_amount", "sources.new_customers") }} as investment
    from customers
    inner join sources
        on
            customers.lead_source = sources.lead_source
            and customers.first_order_on between sources.period_start and sources.period_end
    where not customers.is_earlier_customer
),

segment_sums as (
    select
        segments.segment_key,
        segments.segment_type,
        cast(count(new_customers.customer_key) as bigint) as new_customers,
        cast(round(sum(cast(new_customers.investment as decimal(28, 9))), 2) as decimal(18, 2)) as investment_amount
    from segments
    left join new_customers on segments.customer_key = new_customers.customer_key
    group by 1, 2
)

select
    segment_key,
    new_customers,
    investment_amount,
    case
        when sum(investment_amount) over (partition by segment_type) > 0
            then {{ safe_divide(
                "coalesce(investment_amount, 0)", "sum(investment_amount) over (partition by segment_type)"
            ) }}
    end as investment_share
from segment_sums
