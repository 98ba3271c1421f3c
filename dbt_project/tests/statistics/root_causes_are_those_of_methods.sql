-- Hand-computed: 2 of 3 against 0 of 2, and 1 of 3 against 1 of 2, with half a case more in each cell; and one split.
with
compared as (
    select 'a cause nobody else had' as name, {{ log_odds_ratio("2", "3", "0", "2") }} as actual, 2.1202635 as expected
    union all
    select 'its error', {{ log_odds_standard_error("2", "3", "0", "2") }}, 1.8618987
    union all
    select 'a cause of both', {{ log_odds_ratio("1", "3", "1", "2") }}, -0.5108256
    union all
    select 'its error', {{ log_odds_standard_error("1", "3", "1", "2") }}, 1.5491933
    union all
    select 'mix of a cause that grows less', {{ mix_effect("0.5", "0.25", "60.0", "50.0") }}, -13.75
    union all
    select 'rate of one that is judged worse', {{ rate_effect("0.5", "0.25", "60.0", "50.0") }}, -3.75
    union all
    select 'the first cause is vital whatever its share', case when {{ is_vital_few("0.9", "1") }} then 1 else 0 end, 1
    union all
    select 'a cause that ends at the cut is vital', case when {{ is_vital_few("0.8", "2") }} then 1 else 0 end, 1
    union all
    select 'one beyond it is not', case when {{ is_vital_few("0.81", "2") }} then 1 else 0 end, 0
    union all
    select 'a good word denied', {{ polarity("0.7", "null", "true", "-0.8") }}, -0.56
    union all
    select 'a good word made strong stays within 1', {{ polarity("0.8", "1.4", "false", "null") }}, 1
),

unknown as (
    select 'nobody dissatisfied' as name, {{ log_odds_ratio("0", "0", "1", "2") }} as actual
    union all
    select 'its error', {{ log_odds_standard_error("0", "0", "1", "2") }}
)

select
    name,
    actual,
    expected
from compared
where actual is null or abs(actual - expected) > 1e-6
union all
select
    name,
    actual,
    null as expected
from unknown
where actual is not null
