-- Tenths of the customers differ by one at most, and no customer of a lower tier is worth more.
with

tiers as (
    select
        value_tier,
        count(*) as n_customers,
        min(relationship_value_amount) as least_value,
        max(relationship_value_amount) as most_value
    from {{ ref("relationship_value") }}
    where is_available
    group by value_tier
),

neighbours as (
    select
        value_tier,
        n_customers,
        max(n_customers) over () - min(n_customers) over () as spread,
        most_value,
        lag(least_value) over (order by value_tier) as least_value_above
    from tiers
)

select *
from neighbours
where spread > 1 or most_value > least_value_above
