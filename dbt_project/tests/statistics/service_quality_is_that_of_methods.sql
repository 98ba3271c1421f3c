-- Golden numbers of methods, rows 2, 4 and 5, and a line through six points with known slope and error.
with
dimensions as (
    select cast(gap_score as double) as gap_score, cast(weight as double) as weight
    from (
        values (-1.3, 32), (-0.7, 22), (-0.5, 19), (-0.4, 16), (0.2, 11), (cast(null as double), 25)
    ) as weighted (gap_score, weight)
),

points as (
    select
        count(*) as n,
        sum({{ exact("x") }}) as sum_x,
        sum({{ exact("y") }}) as sum_y,
        sum({{ exact("x") }} * {{ exact("x") }}) as sum_xx,
        sum({{ exact("x") }} * {{ exact("y") }}) as sum_xy,
        sum({{ exact("y") }} * {{ exact("y") }}) as sum_yy
    from (
        values (1, 2.0), (2, 1.0), (3, 4.0), (4, 3.0), (5, 6.0), (6, 5.0)
    ) as line (x, y)
),

compared as (
    select 'weighted gap' as name, {{ weighted_gap("gap_score", "weight") }} as actual, -0.707 as expected
    from dimensions
    union all
    select 'weight coverage', {{ weight_coverage("gap_score", "weight") }}, 0.8
    from dimensions
    union all
    select 'reliability of a difference', {{ difference_reliability("0.8", "0.8", "0.6") }}, 0.5
    union all
    select 'zone of tolerance', {{ zone_of_tolerance("90", "60") }}, 30
    union all
    select 'adequacy', {{ service_adequacy("70", "90", "60") }}, 10
    union all
    select 'superiority', {{ service_superiority("70", "90", "60") }}, -20
    union all
    select 'gap of a benefit', {{ directed_gap("70", "80", "'higher_better'") }}, -10
    union all
    select 'gap of a cost', {{ directed_gap("70", "80", "'lower_better'") }}, 10
    union all
    select 'shortfall', {{ shortfall("-10.0") }}, 10
    union all
    select 'nothing short', {{ shortfall("10.0") }}, 0
    union all
    select 'slope', {{ trend_slope("n", "sum_x", "sum_y", "sum_xx", "sum_xy") }}, 0.82857143
    from points
    union all
    select
        'error of the slope',
        {{ trend_standard_error("n", "sum_x", "sum_y", "sum_xx", "sum_xy", "sum_yy") | indent(8) }},
        0.27994169
    from points
),

states as (
    select
        {{ zone_state("70", "90", "60") }} as golden,
        {{ zone_state("70", "50", "60") }} as inverted,
        {{ zone_state("70", "90", "cast(null as double)") }} as half,
        {{ is_zone_inverted("50", "60") }} as is_inverted,
        {{ difference_reliability("0.8", "0.8", "1.0") }} as of_equals
)

select
    name,
    actual,
    expected
from compared
where actual is null or abs(actual - expected) > 1e-7
union all
select
    'states',
    null,
    null
from states
where golden <> 'within' or inverted is not null or half is not null or not is_inverted or of_equals is not null
