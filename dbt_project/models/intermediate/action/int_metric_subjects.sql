-- What a metric is about: the attribute its question is mapped to, else the company as a whole. Gaps and initiatives
-- without an attribute of their own are about the subject of their metric.
with

metrics as (
    select * from {{ ref("dim_metric") }}
),

questions as (
    select * from {{ ref("question_map") }}
),

-- A metric asked about several attributes is about none of them.
asked as (
    select
        metric_code,
        case when min(attribute_code) = max(attribute_code) then min(attribute_code) end as attribute_code
    from questions
    where metric_code is not null and respondent_role = 'customer'
    group by metric_code
),

known as (
    select metric_code from metrics
    union
    select metric_code from asked
)

select
    known.metric_code,
    coalesce(
        asked.attribute_code,
        case when metrics.model in ('service_performance', 'agent_scorecard', 'fct_ticket') then 'support' end,
        'overall'
    ) as subject_code,
    coalesce(metrics.direction, 'higher_better') as direction
from known
left join asked on known.metric_code = asked.metric_code
left join metrics on known.metric_code = metrics.metric_code
