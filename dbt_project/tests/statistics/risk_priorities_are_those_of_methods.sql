-- 8 · 5 · 4 is 160. Every combination of three ratings has exactly one action priority, severity 9 and 10 always H, and
-- a rating more never makes a gap less urgent. Thresholds of each component rise from 0.
with
ratings as (
    select {{ integers_between("1", "10") }} as rating
),

combinations as (
    select
        severities.rating as severity,
        occurrences.rating as occurrence,
        detections.rating as detection
    from ratings as severities
    cross join ratings as occurrences
    cross join ratings as detections
),

ruled as (
    select
        combinations.severity,
        combinations.occurrence,
        combinations.detection,
        count(rules.action_priority) as n_rules,
        min(case rules.action_priority when 'H' then 1 when 'M' then 2 when 'L' then 3 end) as urgency
    from combinations
    left join {{ ref("risk_priority") }} as rules
        on
            combinations.severity between rules.severity_from and rules.severity_to
            and combinations.occurrence between rules.occurrence_from and rules.occurrence_to
            and combinations.detection between rules.detection_from and rules.detection_to
    group by 1, 2, 3
),

thresholds as (
    select
        component,
        rating,
        from_value,
        lag(from_value) over (partition by component order by rating) as value_before
    from {{ ref("risk_rating") }}
)

select 'product' as what, {{ risk_priority_number(8, 5, 4) }} as found
where {{ risk_priority_number(8, 5, 4) }} <> 160
union all
select 'not one rule', count(*)
from ruled
where n_rules <> 1
having count(*) > 0
union all
select 'severity 9 can wait', count(*)
from ruled
where severity >= 9 and urgency <> 1
having count(*) > 0
union all
select 'more is less urgent', count(*)
from ruled as lower_rated
inner join ruled as higher_rated
    on
        higher_rated.severity >= lower_rated.severity
        and higher_rated.occurrence >= lower_rated.occurrence
        and higher_rated.detection >= lower_rated.detection
        and higher_rated.urgency > lower_rated.urgency
having count(*) > 0
union all
select 'thresholds', count(*)
from thresholds
where from_value <= value_before or (rating = 1 and from_value <> 0)
having count(*) > 0
union all
select 'not ten ratings', count(*)
from (select component from thresholds group by component having count(*) <> 10) as incomplete
having count(*) > 0
