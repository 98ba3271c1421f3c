-- Shares of one thing sum to one, and mix and rate of all causes make up the change of satisfaction with tickets.
with
wholes as (
    select
        'causes of ' || attribute_code || ' in ' || segment_key as whole,
        sum({{ exact("weighted_share") }}) as total,
        1 as expected
    from {{ ref("root_cause") }}
    group by attribute_code, segment_key
    union all
    select
        'change of ' || segment_key as whole,
        sum({{ exact("mix_effect") }}) + sum({{ exact("rate_effect") }}) as total,
        max({{ exact("ticket_csat_change") }}) as expected
    from {{ ref("root_cause") }}
    where attribute_code = 'overall'
    group by segment_key
    union all
    select
        'themes of ' || segment_key || ' in ' || period_grain || ' ' || cast(period_start as varchar) as whole,
        sum({{ exact("share") }}) as total,
        1 as expected
    from {{ ref("theme_summary") }}
    group by segment_key, period_grain, period_start
    union all
    select
        'ways out of ' || from_state || ' in ' || period_grain || ' ' || cast(period_start as varchar) as whole,
        sum({{ exact("share_of_leaving") }}) as total,
        1 as expected
    from {{ ref("process_map") }}
    group by process, from_state, period_grain, period_start
)

select *
from wholes
where abs(total - expected) > 1e-6
