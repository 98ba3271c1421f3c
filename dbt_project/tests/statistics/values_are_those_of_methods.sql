-- Golden numbers of the index, perceived value and the retention form.
{% set i = monthly_discount_rate(0.1) %}
with
compared as (
    select 'ACSI-style, all 1' as name, {{ satisfaction_index("0.0", "0.0", "0.0") }} as actual, 0 as expected
    union all
    select 'ACSI-style, all 10', {{ satisfaction_index("100.0", "100.0", "100.0") }}, 100
    union all
    select 'ACSI-style, 8 7 7', {{ satisfaction_index("(700.0 / 9)", "(600.0 / 9)", "(600.0 / 9)") }}, 70.370370
    union all
    select 'benefit', {{ benefit_score(["80", "70", "60", "90"]) }}, 75
    union all
    select 'cost', {{ cost_score(["40", "50", "30", "20"]) }}, 35
    union all
    select 'net value', {{ net_value("75", "35") }}, 40
    union all
    select 'value ratio', {{ value_ratio("75", "35") }}, 2.142857
    union all
    select 'two kinds are enough', {{ benefit_score(["80", "null", "60", "null"]) }}, 70
    union all
    select 'one cost is enough', {{ cost_score(["null", "null", "30", "null"]) }}, 30
    union all
    select 'for ever, margin ahead', {{ relationship_value_infinite(100, 0.8, 0.1) }}, 266.6667
    union all
    select 'five years', {{ relationship_value_finite(100, 0.8, 0.1, 5) }}, 212.409734
    union all
    select 'nothing lost, nothing discounted', {{ relationship_value_finite(100, 1, 0, 60) }}, 6000
    union all
    select 'everybody leaves', {{ relationship_value_finite(100, 0, 0.1, 60) }}, 0
    union all
    select 'monthly discount', {{ i }}, 0.00797414
    union all
    select 'annual retention', {{ annual_retention_rate(0.98157653) }}, 0.8
),

unknown as (
    select 'one benefit kind' as name, {{ benefit_score(["80", "null", "null", "null"]) }} as actual
    union all
    select 'no cost kind', {{ cost_score(["null", "null", "null", "null"]) }}
    union all
    select 'nothing given up', {{ value_ratio("75", "0") }}
    union all
    select 'an item missing', {{ satisfaction_index("100.0", "null", "100.0") }}
    union all
    select 'for ever without loss or discount', {{ relationship_value_infinite(100, 1, 0) }}
    union all
    select 'score of nobody', {{ net_promoter_score(0, 0, 0) }}
    union all
    select 'interval of one', {{ net_promoter_low(1, 0, 1, 1.96) }}
    union all
    select 'Wilson of nobody', {{ wilson_low("cast(null as double)", 0, 1.96) }}
)

select
    name,
    actual,
    expected
from compared
where actual is null or abs(actual - expected) > case when expected < 1 then 5e-8 else 5e-5 end
union all
select
    name,
    actual,
    null
from unknown
where actual is not null
