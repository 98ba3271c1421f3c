{#- Measures of the score, and the column each is judged by. #}
{% set measures = {
    "csat": "csat_adjusted",
    "ces": "effort_score",
    "first_reply_business_minutes": "first_reply_business_minutes",
    "resolution_business_hours": "resolution_business_hours",
    "first_contact_resolution_rate": "first_contact_resolution_rate",
    "reopen_rate": "reopen_rate",
    "handoff_rate": "handoff_rate",
    "sla_rate": "sla_rate",
} %}

with

ratings as (
    select * from {{ ref("int_agent_ratings_adjusted") }}
),

tickets as (
    select * from {{ ref("int_agent_tickets_measured") }}
),

employee_scores as (
    select * from {{ ref("int_employee_scores") }}
),

scopes as (
    select * from {{ ref("int_agent_scopes") }}
),

targets as (
    select * from {{ ref("agent_target") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

keys as (
    select scope_key, period_grain, period_start from ratings
    union
    select scope_key, period_grain, period_start from tickets
),

scope_names as (
    select
        scope_key,
        scope_type,
        case when scope_type = 'agent' then min(agent_key) end as agent_key,
        min(team_id) as team_id
    from scopes
    group by scope_key, scope_type
),

measured as (
    select
        keys.scope_key,
        scope_names.scope_type,
        scope_names.agent_key,
        scope_names.team_id,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        coalesce(tickets.n_tickets, 0) as n_tickets,
        coalesce(tickets.n_replied, 0) as n_replied,
        coalesce(ratings.n_rated_tickets, 0) as n_rated_tickets,
        coalesce(ratings.n_ratings, 0) as n_ratings,
        coalesce(ratings.n_customers, 0) as n_customers,
        coalesce(ratings.attributed_ratings, 0) as attributed_ratings,
        ratings.observed,
        ratings.expected,
        ratings.overall_score,
        {% for score in ["csat_raw", "csat_standardized", "csat_adjusted"] -%}
        ratings.{{ score }},
        ratings.{{ score }}_low,
        ratings.{{ score }}_high,
        {% endfor -%}
        ratings.effort_score,
        tickets.first_reply_business_minutes,
        tickets.resolution_business_hours,
        tickets.first_contact_resolution_rate,
        tickets.reopen_rate,
        tickets.handoff_rate,
        tickets.sla_rate,
        coalesce(employee_scores.n_employees_asked, 0) as n_employees_asked,
        employee_scores.engagement_score,
        employee_scores.target_clarity_score,
        employee_scores.workload_score
    from keys
    inner join scope_names on keys.scope_key = scope_names.scope_key
    inner join periods
        on keys.period_grain = periods.period_grain and keys.period_start = periods.period_start
    left join ratings
        on
            keys.scope_key = ratings.scope_key
            and keys.period_grain = ratings.period_grain and keys.period_start = ratings.period_start
    left join tickets
        on
            keys.scope_key = tickets.scope_key
            and keys.period_grain = tickets.period_grain and keys.period_start = tickets.period_start
    left join employee_scores
        on
            case when scope_names.scope_type = 'agent' then 'team:' || scope_names.team_id else keys.scope_key end
            = employee_scores.scope_key
            and keys.period_grain = employee_scores.period_grain
            and keys.period_start = employee_scores.period_start
),

team_targets as (
    select
        scope_names.scope_key,
        targets.measure_code,
        targets.target_value,
        targets.direction,
        targets.weight,
        row_number() over (
            partition by scope_names.scope_key, targets.measure_code order by targets.team_id nulls last
        ) as target_rank
    from scope_names
    inner join targets on targets.team_id is null or scope_names.team_id = targets.team_id
),

scope_targets as (
    select
        scope_key
        {% for measure in measures -%}
        ,
        max(case when measure_code = '{{ measure }}' then target_value end) as {{ measure }}_target,
        max(case when measure_code = '{{ measure }}' then direction end) as {{ measure }}_direction,
        max(case when measure_code = '{{ measure }}' then weight end) as {{ measure }}_weight
        {%- endfor %}
    from team_targets
    where target_rank = 1
    group by scope_key
),

attained as (
    select
        {% for measure, column in measures.items() -%}
        scope_targets.{{ measure }}_target,
        coalesce(scope_targets.{{ measure }}_weight, 0) as {{ measure }}_weight,
        {{ target_attainment(
            "measured." ~ column, "scope_targets." ~ measure ~ "_target", "scope_targets." ~ measure ~ "_direction"
        ) }} as {{ measure }}_attainment,
        {% endfor -%}
        measured.*
    from measured
    left join scope_targets on measured.scope_key = scope_targets.scope_key
),

middles as (
    select
        scope_type,
        period_grain,
        period_start
        {% for measure in measures -%}
        , median({{ measure }}_attainment) as {{ measure }}_middle
        {%- endfor %}
    from attained
    group by scope_type, period_grain, period_start
),

weighed as (
    select
        attained.*,
        {% for measure in measures -%}
        middles.{{ measure }}_middle,
        {% endfor -%}
        {% for measure in measures -%}
        {{ " + " if not loop.first }}attained.{{ measure }}_weight
        {%- endfor %} as weight_total,
        {% for measure in measures -%}
        {{ " + " if not loop.first }}
        case when attained.{{ measure }}_attainment is null then 0 else attained.{{ measure }}_weight end
        {%- endfor %} as weight_known,
        {% for measure in measures -%}
        {{ " + " if not loop.first }}coalesce(attained.{{ measure }}_weight * attained.{{ measure }}_attainment, 0)
        {%- endfor %} as attainment_known
    from attained
    inner join middles
        on
            attained.scope_type = middles.scope_type
            and attained.period_grain = middles.period_grain and attained.period_start = middles.period_start
),

-- What is missing counts as the lower of what the agent attains elsewhere and what the middle of the others attains:
-- it can lower a score, never raise it.
scored as (
    select
        *,
        {{ safe_divide("weight_known", "weight_total") }} as coverage,
        attainment_known
        {% for measure in measures -%}
        + case
            when {{ measure }}_attainment is null
                then
                    {{ measure }}_weight * least(
                        {{ safe_divide("attainment_known", "weight_known") }},
                        coalesce({{ measure }}_middle, {{ safe_divide("attainment_known", "weight_known") }})
                    )
            else 0
        end
        {% endfor %} as attainment_total
    from weighed
),

final as (
    select
        scope_key,
        scope_type,
        agent_key,
        team_id,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        n_tickets,
        n_replied,
        n_ratings,
        n_rated_tickets,
        n_customers,
        attributed_ratings,
        observed as observed_score_total,
        expected as expected_score_total,
        overall_score,
        {% for score in ["csat_raw", "csat_standardized", "csat_adjusted"] -%}
        {{ score }},
        {{ score }}_low,
        {{ score }}_high,
        {% endfor -%}
        effort_score as ces_score,
        first_reply_business_minutes as first_reply_business_median,
        resolution_business_hours as resolution_business_hours_median,
        first_contact_resolution_rate,
        reopen_rate,
        handoff_rate,
        sla_rate,
        n_employees_asked,
        engagement_score,
        target_clarity_score,
        workload_score,
        {% for measure in measures -%}
        {{ measure }}_target,
        {{ measure }}_attainment,
        {% endfor -%}
        round(coverage, 9) as coverage,
        case
            when coverage >= 0.6 then round(100 * {{ safe_divide("attainment_total", "weight_total") }}, 9)
        end as scorecard_score,
        case
            when n_rated_tickets < {{ var("min_n_ranked") }} then 'insufficient'
            when csat_adjusted_low > overall_score then 'A'
            when csat_adjusted_high < overall_score then 'C'
            else 'B'
        end as rank_band,
        n_customers >= {{ var("min_n_publish") }} and n_tickets >= {{ var("min_n_publish") }} as is_reportable,
        case
            when n_customers < {{ var("min_n_publish") }} or n_tickets < {{ var("min_n_publish") }} then 'suppressed'
            when n_rated_tickets < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() | indent(8) }}
    from scored
)

select * from final
