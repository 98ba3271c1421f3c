{% set review_days = 90 %}  {#- between two looks at an initiative once it can be judged -#}
{% set days_run = days_between("initiatives.start_date", as_of_date()) %}
{% set next_review = "(" ~ review_days ~ " * (floor(" ~ days_run ~ " / " ~ review_days ~ ".0) + 1))" %}

with

initiatives as (
    select * from {{ ref("dim_initiative") }}
),

windows as (
    select * from {{ ref("int_initiative_windows") }}
),

effects as (
    select * from {{ ref("initiative_effect") }}
),

gaps as (
    select * from {{ ref("cx_gap") }}
),

risks as (
    select * from {{ ref("gap_risk") }}
),

subjects as (
    select * from {{ ref("int_metric_subjects") }}
),

known_gaps as (
    select
        gaps.*,
        case
            when gaps.attribute_code = 'all' then coalesce(subjects.subject_code, 'overall')
            else gaps.attribute_code
        end as subject_code,
        risks.action_priority,
        risks.priority_rank,
        risks.margin_at_risk_amount
    from gaps
    left join risks on gaps.gap_id = risks.gap_id
    left join subjects on gaps.metric_code = subjects.metric_code
),

-- The gap an initiative closes: its own metric before another of the same subject, its own customers before all, a
-- target before a gap nobody set a date for.
matches as (
    select
        windows.initiative_id,
        known_gaps.gap_id,
        row_number() over (
            partition by windows.initiative_id
            order by
                case when known_gaps.metric_code = windows.metric_code then 0 else 1 end,
                case when known_gaps.segment_key = windows.segment_key then 0 else 1 end,
                case when known_gaps.gap_type = 'target' then 0 else 1 end,
                known_gaps.priority_rank nulls last,
                known_gaps.gap_id
        ) as preference
    from windows
    inner join known_gaps
        on
            known_gaps.segment_key in (windows.segment_key, 'all:all')
            and (
                windows.subject_code = known_gaps.subject_code
                or (windows.metric_code = known_gaps.metric_code and known_gaps.attribute_code = 'all')
            )
),

own_effects as (
    select
        *,
        case when direction = 'lower_better' then -effect_low else effect_high end as favourable_high
    from effects
    where is_target_metric
),

-- Top-box percentages of a target and mean scores of an effect are not the same unit.
starts as (
    select
        effects.initiative_id,
        known_gaps.gap_id,
        case
            when known_gaps.gap_type = 'satisfaction' then -effects.pre_mean
            when known_gaps.direction = 'lower_better' then effects.pre_mean - known_gaps.desired_value
            else known_gaps.desired_value - effects.pre_mean
        end as gap_at_start
    from effects
    inner join matches on effects.initiative_id = matches.initiative_id and matches.preference = 1
    inner join known_gaps
        on
            matches.gap_id = known_gaps.gap_id
            and effects.metric_code = known_gaps.metric_code
            and effects.segment_key = known_gaps.segment_key
    where
        effects.metric_code not in ('csat', 'csat_ticket')
        and effects.is_reportable
        and known_gaps.gap_type in ('satisfaction', 'target', 'competitive')
),

planned as (
    select
        'initiative|' || initiatives.initiative_id as plan_id,
        initiatives.initiative_id,
        initiatives.initiative_name,
        initiatives.initiative_type,
        known_gaps.gap_id,
        known_gaps.gap_type,
        initiatives.metric_code,
        windows.subject_code,
        initiatives.segment_key,
        true as has_initiative,
        known_gaps.action_priority,
        known_gaps.priority_rank,
        starts.gap_at_start,
        known_gaps.gap_to_close as gap_now,
        initiatives.owner,
        initiatives.status,
        initiatives.start_date,
        initiatives.due_date,
        initiatives.end_date,
        initiatives.is_overdue,
        case
            when initiatives.is_overdue then {{ days_between("initiatives.due_date", as_of_date()) }}
        end as days_overdue,
        initiatives.budget_amount,
        initiatives.actual_cost_amount,
        initiatives.actual_cost_amount > initiatives.budget_amount as is_over_budget,
        cast(initiatives.expected_effect as double) as expected_effect,
        own_effects.effect as measured_effect,
        own_effects.effect_low as measured_low,
        own_effects.effect_high as measured_high,
        own_effects.identification,
        case
            when own_effects.unavailable_reason = 'not_started' then 'not_started'
            when own_effects.verdict = 'too_early' then 'too_early'
            when own_effects.verdict is null then 'not_measurable'
            when own_effects.verdict = 'worse' then 'harmful'
            when own_effects.verdict = 'no_change' then 'no_effect_seen'
            when own_effects.identification = 'did' then 'effective'
            else 'not_proven'
        end as effect_status,
        case
            when own_effects.verdict in ('improved', 'worse', 'no_change')
                then own_effects.favourable_high < initiatives.expected_effect
        end as is_below_expectation,
        case
            when coalesce(initiatives.status in ('done', 'stopped'), false) then null
            when initiatives.start_date is null then {{ as_of_date() }}
            when initiatives.start_date > {{ as_of_date() }} then initiatives.start_date
            when not windows.has_begun then {{ as_of_date() }}
            when {{ days_run }} < {{ var("initiative_min_days") }}
                then {{ days_after("initiatives.start_date", var("initiative_min_days")) }}
            else {{ days_after("initiatives.start_date", next_review) }}
        end as next_review_date,
        initiatives.is_without_owner,
        initiatives.is_without_start_date,
        initiatives.is_without_due_date,
        initiatives.overlaps_with,
        known_gaps.margin_at_risk_amount,
        own_effects.n_customers,
        own_effects.is_reportable,
        own_effects.reliability
    from initiatives
    inner join windows on initiatives.initiative_id = windows.initiative_id
    left join matches on initiatives.initiative_id = matches.initiative_id and matches.preference = 1
    left join known_gaps on matches.gap_id = known_gaps.gap_id
    left join own_effects on initiatives.initiative_id = own_effects.initiative_id
    left join starts
        on initiatives.initiative_id = starts.initiative_id and matches.gap_id = starts.gap_id
),

active as (
    select distinct
        windows.subject_code,
        windows.segment_key
    from windows
    inner join initiatives on windows.initiative_id = initiatives.initiative_id
    where not coalesce(initiatives.status in ('done', 'stopped'), false)
),

-- An urgent gap nobody does anything about is an entry of the plan too.
unattended as (
    select known_gaps.*
    from known_gaps
    left join active as own
        on known_gaps.subject_code = own.subject_code and known_gaps.segment_key = own.segment_key
    left join active as everywhere
        on known_gaps.subject_code = everywhere.subject_code and everywhere.segment_key = 'all:all'
    where known_gaps.action_priority = 'H' and own.subject_code is null and everywhere.subject_code is null
),

unioned as (
    select * from planned
    union all
    select
        'gap|' || gap_id as plan_id,
        cast(null as varchar) as initiative_id,
        cast(null as varchar) as initiative_name,
        cast(null as varchar) as initiative_type,
        gap_id,
        gap_type,
        metric_code,
        subject_code,
        segment_key,
        false as has_initiative,
        action_priority,
        priority_rank,
        cast(null as double) as gap_at_start,
        gap_to_close as gap_now,
        owner,
        'without_initiative' as status,
        cast(null as date) as start_date,
        due_date,
        cast(null as date) as end_date,
        coalesce(due_date < {{ as_of_date() }}, false) as is_overdue,
        case when due_date < {{ as_of_date() }} then {{ days_between("due_date", as_of_date()) }} end as days_overdue,
        cast(null as decimal(18, 2)) as budget_amount,
        cast(null as decimal(18, 2)) as actual_cost_amount,
        cast(null as boolean) as is_over_budget,
        cast(null as double) as expected_effect,
        cast(null as double) as measured_effect,
        cast(null as double) as measured_low,
        cast(null as double) as measured_high,
        cast(null as varchar) as identification,
        'no_initiative' as effect_status,
        cast(null as boolean) as is_below_expectation,
        {{ as_of_date() }} as next_review_date,
        owner is null as is_without_owner,
        true as is_without_start_date,
        due_date is null as is_without_due_date,
        cast(null as varchar) as overlaps_with,
        margin_at_risk_amount,
        n_customers,
        is_reportable,
        reliability
    from unattended
),

final as (
    select
        *,
        {{ lineage_columns() | indent(8) }}
    from unioned
)

select * from final
