-- The block on the golden groups of methods (rows 2, 17, 18, 21, 31), with the quantiles of confidence 0.95.
-- Intervals are compared within 1e-4: a unit test compares digits, and the last one is the platform's.
{% set group = "'all:all' as segment_key, 'all' as segment_type, 'month' as period_grain, "
    ~ "date '2026-01-01' as period_start, date '2026-01-31' as period_end" %}

with
gaps as (
    select
        {{ group }},
        5 as n_responses,
        5 as n_customers,
        cast(-40 as decimal(38, 9)) as score_total,
        cast(850 as decimal(38, 18)) as score_square_total
),

shares as (
    select
        {{ group }},
        50 as n_responses,
        50 as n_customers,
        cast(4500 as decimal(38, 9)) as score_total,
        cast(450000 as decimal(38, 18)) as score_square_total
),

promoters as (
    select
        {{ group }},
        100 as n_responses,
        100 as n_customers,
        cast(3000 as decimal(38, 9)) as score_total,
        cast(700000 as decimal(38, 18)) as score_square_total,
        50 as promoter_total,
        20 as detractor_total
),

regions as (
    select
        'region:' || region as segment_key,
        'region' as segment_type,
        'month' as period_grain,
        date '2026-01-01' as period_start,
        date '2026-01-31' as period_end,
        n as n_responses,
        n as n_customers,
        cast(100 * yes as decimal(38, 9)) as score_total,
        cast(10000 * yes as decimal(38, 18)) as score_square_total
    from (
        values ('p', 10, 8), ('q', 50, 45), ('r', 200, 180), ('s', 3, 3), ('t', 2, 0)
    ) as answers (region, n, yes)
),

gap_block as (
    {{ metric_block("gaps", interval="mean", low=-100, high=100) }}
),

share_block as (
    {{ metric_block("shares", interval="share") }}
),

promoter_block as (
    {{ metric_block("promoters", interval="nps", low=-100, high=100) }}
),

region_block as (
    {{ metric_block("regions", interval="share") }}
),

compared as (
    select 'gap' as name, estimate as actual, -8 as expected from gap_block
    union all
    select 'gap se', se, 5.147815 from gap_block
    union all
    select 'gap low', ci_low, -22.292626 from gap_block
    union all
    select 'gap high', ci_high, 6.292626 from gap_block
    union all
    select 'share', estimate, 90 from share_block
    union all
    select 'share low', ci_low, 78.639769 from share_block
    union all
    select 'share high', ci_high, 95.652424 from share_block
    union all
    select 'nps', estimate, 30 from promoter_block
    union all
    select 'nps se', se, 7.810250 from promoter_block
    union all
    select 'nps low', ci_low, 14.051130 from promoter_block
    union all
    select 'nps high', ci_high, 44.201297 from promoter_block
    union all
    select
        'shrunk ' || segment_key,
        estimate_shrunk,
        case segment_key
            when 'region:p' then 83.5647
            when 'region:q' then 89.8916
            when 'region:r' then 89.9703
            when 'region:s' then 92.5158
            when 'region:t' then 68.0792
        end
    from region_block
)

select *
from compared
where
    actual is null
    or abs(actual - expected) > 1e-4
    or (select count(*) from compared) <> 16
