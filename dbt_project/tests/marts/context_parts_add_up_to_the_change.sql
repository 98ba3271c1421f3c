-- Fails where rate and mix effects of a segment type do not add up to the change of all customers, which each type splits.
select
    metric_code,
    attribute_code,
    segment_type,
    period_grain,
    period_start,
    min(change_of_all) as change_of_all,
    sum(rate_effect + mix_effect) as parts
from {{ ref("context_comparison") }}
where change_of_all is not null
group by metric_code, attribute_code, segment_type, period_grain, period_start
having abs(sum(rate_effect + mix_effect) - min(change_of_all)) > 1e-6 or min(change_of_all) <> max(change_of_all)
