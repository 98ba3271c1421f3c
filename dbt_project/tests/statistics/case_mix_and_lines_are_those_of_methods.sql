{#-
    Computed by hand. Of ten easy tickets (everybody gets 90) and thirty hard ones (50) 2,400 points are expected; who got
    2,640 is a tenth better than everybody, on whatever mix. Scores 80, 60, 100 where 70 was expected: a ratio of 8/7
    leads to expect 80, and 0² + 20² + 20² over two degrees of freedom are 400. A prior of variance 75 between and 100
    within four groups leaves a mean of four ratings (75 · 25 + 25² / 4) / 100 = 20.3125. The line through (1, 2),
    (2, 4), (3, 5), (4, 8) rises by 9.5 / 5; what it leaves is 0.7, of which √(0.35 / 5) is the slope's error.
-#}
with

agent_prior as (
    select
        75.0 as prior_between_variance,
        100.0 as prior_within_variance,
        70.0 as prior_mean,
        4 as prior_groups
),

points as (
    select 1.0 as x, 2.0 as y
    union all
    select 2.0, 4.0
    union all
    select 3.0, 5.0
    union all
    select 4.0, 8.0
),

line as (
    select {{ line_sums("x", "y") }}
    from points
),

flat as (
    select {{ line_sums("1", "y") }}
    from points
),

compared as (
    select 'a tenth better' as name, {{ case_mix_adjusted(70, 2640, 2400) }} as actual, 77 as expected
    union all
    select 'never above the scale', {{ case_mix_adjusted(70, 4000, 2000) }}, 100
    union all
    select 'spread round the own ratio', {{ ratio_residual_variance(3, 240, 210, 20000, 16800, 14700) }}, 400
    union all
    select 'what shrinkage leaves unknown', {{ shrunk_variance(4) }}, 20.3125
    from agent_prior
    union all
    select 'more is better', {{ target_attainment(72, 80, "'higher_better'") }}, 0.9
    union all
    select 'more than enough', {{ target_attainment(90, 80, "'higher_better'") }}, 1
    union all
    select 'less is better', {{ target_attainment(120, 100, "'lower_better'") }}, 0.833333
    union all
    select 'nothing at all is best', {{ target_attainment(0, 100, "'lower_better'") }}, 1
    union all
    select 'slope', {{ line_slope() }}, 1.9
    from line
    union all
    select 'correlation', {{ line_correlation() }}, 0.981156
    from line
    union all
    select 'error of the slope', {{ line_slope_standard_error(line_correlation()) }}, 0.264575
    from line
),

unknown as (
    select 'nothing expected' as name, {{ case_mix_adjusted(70, 10, 0) }} as actual
    union all
    select 'one rating', {{ ratio_residual_variance(1, 80, 70, 6400, 5600, 4900) }}
    union all
    select 'no figure', {{ target_attainment("null", 100, "'lower_better'") }}
    union all
    select 'no target', {{ target_attainment(1, "null", "'higher_better'") }}
    union all
    select 'x does not vary', {{ line_slope() }}
    from flat
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
