-- Golden numbers of relative value, economic value and a ratio of sums.
with
attributes as (
    select
        unnest([0.5, 0.3, 0.2]) as weight,
        unnest([66, 45, 70]) as own_score,
        unnest([60, 50, 70]) as competitor_score
),

quality as (
    select {{ perceived_quality_ratio("weight", performance_ratio("own_score", "competitor_score")) }} as mpq
    from attributes
),

-- Σb / Σc = 260 / 110 over four customers, one of whom feels no cost.
customers as (
    select
        unnest([80, 60, 70, 50]) as benefit,
        unnest([40, 20, 50, 0]) as cost
),

contributions as (
    select {{ ratio_contribution("benefit", "cost", "260", "110", "4") }} as contribution
    from customers
),

ratio_moments as (
    select
        count(*) as n,
        sum({{ exact("contribution") }}) as total,
        sum({{ exact("contribution") }} * {{ exact("contribution") }}) as square_total
    from contributions
),

compared as (
    select 'market-perceived quality' as name, mpq as actual, 1.02 as expected from quality
    union all
    select 'relative value', {{ relative_value("mpq", "1.05") }}, 0.971429 from quality
    union all
    select 'price by scores', {{ relative_price("null", "60", "63") }}, 1.05
    union all
    select 'price by index', {{ relative_price("80", "60", "63") }}, 1.25
    union all
    select 'economic value', {{ economic_value_to_customer("100", "30", "10") }}, 120
    union all
    select 'price position', {{ price_position("105", "60", "120") }}, 0.75
    union all
    select 'win-win', case when {{ is_win_win("105", "60", "120") }} then 1 end, 1
    union all
    select 'no win-win at cost', case when not {{ is_win_win("60", "60", "120") }} then 1 end, 1
    union all
    select 'no win-win at the full worth', case when not {{ is_win_win("120", "60", "120") }} then 1 end, 1
    union all
    select 'above the line', case {{ fair_value_position("1.01", "1.2") }} when 'above' then 1 end, 1
    union all
    select 'on the line', case {{ fair_value_position("1", "1.2") }} when 'on' then 1 end, 1
    union all
    select 'below the line', case {{ fair_value_position("0.8", "0.99") }} when 'below' then 1 end, 1
    union all
    select 'ratio of sums', {{ safe_divide("total", "n") }}, 2.363636 from ratio_moments
    union all
    select 'what one customer adds to it', {{ ratio_contribution("80", "40", "260", "110", "4") }}, 1.834711
    union all
    select 'its standard error', {{ mean_standard_error("n", "total", "square_total") }}, 0.756608 from ratio_moments
),

unknown as (
    select 'competitor without a score' as name, {{ performance_ratio("60", "null") }} as actual
    union all
    select 'competitor with a score of nothing', {{ performance_ratio("60", "0") }}
    union all
    select 'price by scores without ours', {{ relative_price("null", "null", "63") }}
    union all
    select 'price by scores of nothing', {{ relative_price("null", "60", "0") }}
    union all
    select 'worth no more than its cost', {{ price_position("105", "120", "120") }}
    union all
    select 'product without cost', {{ price_position("105", "null", "120") }}
    union all
    select 'win-win without cost', case when {{ is_win_win("125", "null", "120") }} then 1.0 else null end
    union all
    select 'ratio without cost', {{ ratio_contribution("80", "0", "80", "0", "1") }}
)

select
    name,
    actual,
    expected
from compared
where actual is null or abs(actual - expected) > 5e-7
union all
select
    name,
    actual,
    null
from unknown
where actual is not null
