-- Golden numbers of the levers, price and mix, and retention, and the cent that rounding leaves.
{% set prior = {"customers": "100.0", "frequency": "2.0", "size": "3.0", "price": "10.0"} %}
{% set current = {"customers": "120.0", "frequency": "1.8", "size": "3.3", "price": "11.0"} %}
{% set weight = logarithmic_mean("7840.8", "6000.0") %}
with
thirds as (
    select {{ effects_in_cents(["a", "b", "c"], "change") }}
    from (select 10.0 / 3 as a, 10.0 / 3 as b, 10.0 / 3 as c, cast(10 as decimal(18, 2)) as change) as equal_thirds
),

unequal as (
    select {{ effects_in_cents(["a", "b", "c"], "change") }}
    from (
        select 0.004 as a, -8.008 as b, 0.004 as c, cast(-8 as decimal(18, 2)) as change
    ) as the_largest_is_negative
),

compared as (
    select 'customers' as name, {{ lever_effect("customers", prior, current) }} as actual, 1255.7 as expected
    union all
    select 'frequency', {{ lever_effect("frequency", prior, current) }}, -730.3
    union all
    select 'transaction size', {{ lever_effect("size", prior, current) }}, 657.7
    union all
    select 'price', {{ lever_effect("price", prior, current) }}, 657.7
    union all
    select 'LMDI customers', {{ lmdi_effect(weight, "100.0", "120.0") }}, 1254.2633
    union all
    select 'LMDI frequency', {{ lmdi_effect(weight, "2.0", "1.8") }}, -724.8173
    union all
    select 'LMDI size', {{ lmdi_effect(weight, "3.0", "3.3") }}, 655.6770
    union all
    select 'LMDI price', {{ lmdi_effect(weight, "10.0", "11.0") }}, 655.6770
    union all
    select 'mean of equals', {{ logarithmic_mean("5.0", "5.0") }}, 5
    union all
    select 'mean with nothing', {{ logarithmic_mean("5.0", "0.0") }}, 0
    union all
    select 'gross retention', {{ gross_revenue_retention("100", "10", "10") }}, 0.8
    union all
    select 'net retention', {{ net_revenue_retention("100", "30", "10", "10") }}, 1.1
    union all
    select 'the first of equals takes the cent', a, 3.34 from thirds
    union all
    select 'the others do not', b + c, 6.66 from thirds
    union all
    select 'the largest in size takes the cents', b, -8 from unequal
    union all
    select 'and no other', a + c, 0 from unequal
    union all
    select 'half an opportunity', {{ opportunity_score("2", "4") }}, 50
    union all
    select 'nothing falls short anywhere', {{ opportunity_score("0", "0") }}, 0
),

unknown as (
    select 'gross retention of nothing' as name, {{ gross_revenue_retention("0", "0", "0") }} as actual
    union all
    select 'net retention of nothing', {{ net_revenue_retention("0", "30", "0", "0") }}
    union all
    select 'an opportunity unknown', {{ opportunity_score("null", "4") }}
)

select
    name,
    actual,
    expected
from compared
where actual is null or abs(actual - expected) > 5e-5
union all
select
    name,
    actual,
    null
from unknown
where actual is not null
