-- Four treated and four others before and after: 8.25, standard error 2.056494 where each side has customers of its own
-- and 0.478714 where the same were asked twice. Degrees of freedom and the slope before the start as NumPy gives them.
with
treated as (
    select * from (values (1, 60.0, 70.0), (2, 62.0, 71.0), (3, 58.0, 69.0), (4, 64.0, 75.0)) as t (n, pre, post)
),

controls as (
    select * from (values (1, 61.0, 63.0), (2, 60.0, 62.0), (3, 59.0, 61.0), (4, 62.0, 64.0)) as t (n, pre, post)
),

cells as (
    select
        treated_side.*,
        control_side.*
    from (
        select
            {{ exact_avg("pre") }} as treated_pre,
            {{ exact_avg("post") }} as treated_post,
            {{ exact_standard_error("pre") }} as treated_pre_se,
            {{ exact_standard_error("post") }} as treated_post_se,
            {{ exact_standard_error("(post - pre)") }} as treated_change_se
        from treated
    ) as treated_side
    cross join (
        select
            {{ exact_avg("pre") }} as control_pre,
            {{ exact_avg("post") }} as control_post,
            {{ exact_standard_error("pre") }} as control_pre_se,
            {{ exact_standard_error("post") }} as control_post_se,
            {{ exact_standard_error("(post - pre)") }} as control_change_se
        from controls
    ) as control_side
),

quarters as (
    select * from (values (-3, 1.0, 4.0), (-2, 2.0, 1.0), (-1, 4.0, 2.0), (0, 5.0, 3.0)) as t (n, difference, variance)
),

compared as (
    select
        'effect' as name,
        {{ difference_in_differences("treated_pre", "treated_post", "control_pre", "control_post") }} as actual,
        8.25 as expected
    from cells
    union all
    select
        'standard error of cells',
        {{ combined_standard_error(["treated_pre_se", "treated_post_se", "control_pre_se", "control_post_se"]) }},
        2.056494
    from cells
    union all
    select
        'standard error of a panel',
        {{ combined_standard_error(["treated_change_se", "control_change_se"]) }},
        0.478714
    from cells
    union all
    select
        'degrees of freedom of cells',
        {{ combined_degrees_of_freedom(
            ["treated_pre_se", "treated_post_se", "control_pre_se", "control_post_se"], [4, 4, 4, 4]
        ) }},
        8.774717865
    from cells
    union all
    select 'slope before the start', {{ pre_trend_z("n", "difference", "variance") }}, 1.723280874
    from quarters
    union all
    select 'no slope of two quarters', coalesce({{ pre_trend_z("n", "difference", "variance") }}, -1), -1
    from quarters
    where n >= -1
)

select *
from compared
where
    actual is null
    or abs(actual - expected) > 1e-6
    or (select count(*) from compared) <> 6
