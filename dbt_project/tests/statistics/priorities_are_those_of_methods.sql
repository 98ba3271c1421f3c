-- Importance and performance, SWOT, rate and mix, distance within a culture: by hand, and at their limits.
{% set rate_a, mix_a = rate_effect("0.6", "0.5", "50.0", "55.0"), mix_effect("0.6", "0.5", "50.0", "55.0") %}
{% set rate_b, mix_b = rate_effect("0.4", "0.5", "80.0", "78.0"), mix_effect("0.4", "0.5", "80.0", "78.0") %}
with
compared as (
    select 'rate' as name, {{ rate_a }} + {{ rate_b }} as actual, 1.85 as expected
    union all
    select 'mix', {{ mix_a }} + {{ mix_b }}, 2.65
    union all
    select 'rate and mix are the change', {{ rate_a }} + {{ rate_b }} + {{ mix_a }} + {{ mix_b }}, 66.5 - 62
    union all
    select 'one deviation below its culture', {{ z_within_culture("-12.0", "-4.0", "8.0", "30") }}, -1
    union all
    select 'half of a whole', {{ z_against_whole("60.0", "3.0", "50", "50.0", "2.0", "100") }}, 5
    union all
    select 'a tenth of a whole', {{ z_against_whole("60.0", "5.0", "10", "50.0", "1.0", "100") }}, 10 / sqrt(21.0)
    union all
    select 'importance less performance', {{ diagonal_priority("80.0", "65.0") }}, 15
    union all
    select 'alignment', {{ alignment_index("importance", "shortfall") }}, 100 - (80 * 10 + 40 * 4) / 120.0
    from (select 80.0 as importance, 10.0 as shortfall union all select 40.0, 4.0) as attributes
),

unknown as (
    select 'a culture of 29' as name, {{ z_within_culture("-12.0", "-4.0", "8.0", "29") }} as actual
    union all
    select 'a culture that agrees', {{ z_within_culture("-12.0", "-12.0", "0.0", "30") }}
    union all
    select 'the whole against itself', {{ z_against_whole("50.0", "2.0", "100", "50.0", "2.0", "100") }}
    union all
    select 'an attribute nobody compared', {{ alignment_index("importance", "shortfall") }}
    from (
        select 80.0 as importance, 10.0 as shortfall
        union all
        select 40.0, cast(null as double)
    ) as attributes
),

named as (
    select
        'both maps high' as name, {{ swot_class("true", "true") }} as actual, 'strength' as expected
    union all
    select 'ours alone', {{ swot_class("true", "false") }}, 'opportunity'
    union all
    select 'theirs alone', {{ swot_class("false", "true") }}, 'threat'
    union all
    select 'neither', {{ swot_class("false", "false") }}, 'weakness'
    union all
    select 'ours high, theirs unknown', {{ swot_class("true", "cast(null as boolean)") }}, 'strength'
    union all
    select 'ours low, theirs unknown', {{ swot_class("false", "cast(null as boolean)") }}, 'weakness'
    union all
    select 'on the crosshair', {{ performance_quadrant("60.0", "50.0", "60.0", "50.0") }}, 'keep_up'
    union all
    select 'just below both', {{ performance_quadrant("59.9", "49.9", "60.0", "50.0") }}, 'low_priority'
)

select
    name,
    cast(actual as varchar) as actual,
    cast(expected as varchar) as expected
from compared
where actual is null or abs(actual - expected) > 1e-9
union all
select
    name,
    cast(actual as varchar),
    null
from unknown
where actual is not null
union all
select
    name,
    actual,
    expected
from named
where actual is distinct from expected
