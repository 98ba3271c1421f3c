-- What each segment holds of the value of all customers; who costs more than it brings holds none of it.
with

relationship_values as (
    select * from {{ ref("relationship_value") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

segment_sums as (
    select
        segments.segment_key,
        segments.segment_type,
        cast(count(*) as bigint) as population_n,
        cast(
            sum(
                case
                    when relationship_values.relationship_value_amount > 0
                        then relationship_values.relationship_value_amount
                    else 0
                end
            ) as decimal(18, 2)
        ) as equity_amount
    from segments
    left join relationship_values on segments.customer_key = relationship_values.customer_key
    group by 1, 2
)

select
    segment_key,
    population_n,
    equity_amount,
    {{ safe_divide("equity_amount", "sum(equity_amount) over (partition by segment_type)") }} as value_share
from segment_sums
