-- Golden numbers of variances and intervals, written with z = 1.96.
{% set z = 1.96 %}
with
answers as (
    select unnest([-5, -20, 5, -20, 0]) as gap
),

gap_moments as (
    select
        count(gap) as n,
        sum({{ exact("gap") }}) as total,
        sum({{ exact("gap") }} * {{ exact("gap") }}) as square_total
    from answers
),

compared as (
    select 'gap sd' as name, sqrt({{ sample_variance("n", "total", "square_total") }}) as actual, 11.5109 as expected
    from gap_moments
    union all
    select 'gap se', {{ mean_standard_error("n", "total", "square_total") }}, 5.1478
    from gap_moments
    union all
    select 'Wilson 45/50 low', {{ wilson_low("0.9", 50, 1.96) }}, 0.786395
    union all
    select 'Wilson 45/50 high', {{ wilson_high("0.9", 50, 1.96) }}, 0.956525
    union all
    select 'Wilson 0/5 low', {{ wilson_low("0.0", 5, 1.96) }}, 0
    union all
    select 'Wilson 0/5 high', {{ wilson_high("0.0", 5, 1.96) }}, 0.434491
    union all
    select 'NPS 50/30/20', {{ net_promoter_score(50, 20, 100) }}, 30
    union all
    select 'NPS trinomial se', {{ net_promoter_standard_error(50, 20, 100) }}, 7.810250
    union all
    select 'NPS adjusted centre', {{ adjusted_wald_centre(50, 20, 100) }}, 29.1262
    union all
    select 'NPS adjusted half width', {{ adjusted_wald_half_width(50, 20, 100, z) }}, 15.0754
    union all
    select 'NPS 10/0/0 centre', {{ adjusted_wald_centre(10, 0, 10) }}, 76.9231
    union all
    select 'NPS 10/0/0 half width', {{ adjusted_wald_half_width(10, 0, 10, z) }}, 29.4201
    union all
    select 'NPS 10/0/0 high is inside the range', {{ net_promoter_high(10, 0, 10, z) }}, 100
    union all
    select
        'NPS change z',
        (30 - 10) / sqrt(
            power({{ net_promoter_standard_error(50, 20, 100) }}, 2)
            + power({{ net_promoter_standard_error(40, 30, 100) }}, 2)
        ),
        1.754116
)

select *
from compared
where actual is null or abs(actual - expected) > 5e-5
