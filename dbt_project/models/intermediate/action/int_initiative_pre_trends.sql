-- Did treated and others drift apart before the start already? Quarters with fewer than two customers in an arm say
-- nothing and are left out.
with

customer_scores as (
    select * from {{ ref("int_initiative_scores") }}
    where phase = 'quarter'
),

cells as (
    select
        initiative_id,
        metric_code,
        arm,
        pre_quarter,
        {{ exact_avg("score") }} as mean_score,
        {{ exact_standard_error("score") }} as se
    from customer_scores
    group by 1, 2, 3, 4
),

differences as (
    select
        treated.initiative_id,
        treated.metric_code,
        -treated.pre_quarter as quarter_number,
        treated.mean_score - controls.mean_score as difference,
        treated.se * treated.se + controls.se * controls.se as variance
    from cells as treated
    inner join cells as controls
        on
            treated.initiative_id = controls.initiative_id
            and treated.metric_code = controls.metric_code
            and treated.pre_quarter = controls.pre_quarter
    where
        treated.arm = 'treated' and controls.arm = 'control'
        and treated.se is not null and controls.se is not null
)

select
    initiative_id,
    metric_code,
    cast(count(*) as bigint) as n_pre_quarters,
    {{ pre_trend_z("quarter_number", "difference", "variance") }} as pre_trend_z
from differences
group by 1, 2
