-- Before and after each initiative, and which others get in the way. Where another initiative on the same subject
-- starts for the same segment, the windows are cut at its start, so that each is held against a time without the
-- other's beginning; of two that start too close together nobody can say which one worked.
{% set fewest_days = var("initiative_min_days") %}
{% set year_before = months_after("judged.start_date", -12) %}
{% set day_before_the_later = days_after("counted.later_start", -1) %}

with

initiatives as (
    select * from {{ ref("stg_files__initiatives") }}
),

subjects as (
    select * from {{ ref("int_metric_subjects") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

judged as (
    select
        initiatives.initiative_id,
        initiatives.metric_code,
        initiatives.segment_type,
        initiatives.segment_type || ':' || initiatives.segment_value as segment_key,
        coalesce(initiatives.attribute_code, subjects.subject_code, 'unknown') as subject_code,
        subjects.metric_code is not null as is_known_metric,
        initiatives.start_date,
        coalesce(initiatives.status in ('proposed', 'approved'), false) as is_planned,
        least(
            coalesce(
                initiatives.end_date,
                case when initiatives.status in ('done', 'stopped') then initiatives.due_date end,
                {{ as_of_date() }}
            ),
            {{ as_of_date() }}
        ) as last_day
    from initiatives
    left join subjects on initiatives.metric_code = subjects.metric_code
),

begun as (
    select *
    from judged
    where not is_planned and start_date <= {{ as_of_date() }} and start_date <= last_day
),

members as (
    select
        begun.initiative_id,
        begun.subject_code,
        segments.customer_key
    from begun
    inner join segments on begun.segment_key = segments.segment_key
),

-- Those of one segment share its customers even before any of them is known.
sharing as (
    select
        members.initiative_id,
        others.initiative_id as other_id
    from members
    inner join members as others
        on
            members.customer_key = others.customer_key
            and members.subject_code = others.subject_code
            and members.initiative_id <> others.initiative_id
    union
    select
        begun.initiative_id,
        others.initiative_id as other_id
    from begun
    inner join begun as others
        on
            begun.segment_key = others.segment_key
            and begun.subject_code = others.subject_code
            and begun.initiative_id <> others.initiative_id
),

overlapping as (
    select
        sharing.initiative_id,
        sharing.other_id,
        begun.start_date,
        others.start_date as other_start
    from sharing
    inner join begun on sharing.initiative_id = begun.initiative_id
    inner join begun as others on sharing.other_id = others.initiative_id
    where
        others.start_date <= begun.last_day
        and others.last_day >= {{ months_after("begun.start_date", -12) }}
),

counted as (
    select
        initiative_id,
        {{ joined_text("other_id") }} as overlaps_with,
        cast(count(*) as bigint) as n_overlapping,
        bool_or(
            abs({{ days_between("start_date", "other_start") }}) < {{ fewest_days }}
        ) as is_inseparable,
        max(
            case
                when {{ days_between("other_start", "start_date") }} >= {{ fewest_days }} then other_start
            end
        ) as earlier_start,
        min(
            case
                when {{ days_between("start_date", "other_start") }} >= {{ fewest_days }} then other_start
            end
        ) as later_start
    from overlapping
    group by initiative_id
),

final as (
    select
        judged.initiative_id,
        judged.metric_code,
        judged.segment_key,
        judged.segment_type,
        judged.subject_code,
        judged.is_known_metric,
        judged.start_date,
        judged.last_day,
        begun.initiative_id is not null as has_begun,
        case
            when judged.start_date is null then 'no_start_date'
            when judged.is_planned or judged.start_date > {{ as_of_date() }} then 'not_started'
            when begun.initiative_id is null then 'ended_before_start'
        end as not_begun_reason,
        counted.overlaps_with,
        coalesce(counted.n_overlapping, 0) as n_overlapping,
        coalesce(counted.is_inseparable, false) as is_inseparable,
        case
            when begun.initiative_id is not null
                then greatest({{ year_before }}, coalesce(counted.earlier_start, {{ year_before }}))
        end as pre_start,
        case when begun.initiative_id is not null then {{ days_after("judged.start_date", -1) }} end as pre_end,
        case
            when begun.initiative_id is not null
                then {{ days_after("judged.start_date", var("initiative_lag_days")) }}
        end as post_start,
        case
            when begun.initiative_id is not null
                then least(judged.last_day, coalesce({{ day_before_the_later }}, judged.last_day))
        end as post_end,
        coalesce(
            counted.earlier_start > {{ year_before }}
            or counted.later_start <= judged.last_day,
            false
        ) as is_window_cut
    from judged
    left join begun on judged.initiative_id = begun.initiative_id
    left join counted on judged.initiative_id = counted.initiative_id
)

select * from final
