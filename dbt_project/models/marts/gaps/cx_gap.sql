with

gaps as (
    select * from {{ ref("int_gaps_unioned") }}
),

placed as (
    select
        *,
        {{ path_value("baseline_value", "baseline_date", "desired_value", "due_date") }} as unbounded_path_value,
        {{ days_between(as_of_date(), "due_date") }} / 30.4375 as months_left
    from gaps
),

-- Who started beyond the target need not fall back to it.
on_path as (
    select
        *,
        case
            when unbounded_path_value is null then null
            when direction = 'lower_better' then greatest(unbounded_path_value, desired_value)
            else least(unbounded_path_value, desired_value)
        end as path_value
    from placed
),

measured as (
    select
        *,
        case
            when direction = 'lower_better' then current_value - path_value
            else path_value - current_value
        end as behind_path,
        case
            when direction = 'lower_better' then coalesce(current_ci_low, current_value) - path_value
            else path_value - coalesce(current_ci_high, current_value)
        end as behind_path_at_best
    from on_path
),

final as (
    select
        gap_type || '|' || metric_code || '|' || attribute_code || '|' || segment_key as gap_id,
        gap_type,
        metric_code,
        attribute_code,
        segment_key,
        segment_type,
        segment_value,
        current_value,
        current_ci_low,
        current_ci_high,
        cast(n_customers as bigint) as n_customers,
        desired_value,
        desired_from,
        gap_to_close,
        gap_to_close_low,
        gap_to_close_high,
        unit,
        direction,
        owner,
        due_date,
        months_left,
        case
            when gap_to_close > 0 and months_left > 0
                then {{ safe_divide("desired_value - current_value", "months_left") }}
        end as required_change_per_month,
        case
            when minimum < 0 or minimum is null or current_value < 0 or desired_value < 0 then null
            when direction = 'lower_better' then {{ safe_divide("desired_value", "current_value") }}
            else {{ safe_divide("current_value", "desired_value") }}
        end as attainment,
        baseline_value,
        baseline_date,
        path_value,
        case
            when current_value is null or not ({{ is_reportable("n_customers") }}) then 'insufficient_data'
            when gap_to_close <= 0 then 'achieved'
            when due_date is null then 'no_due_date'
            when path_value is null then 'insufficient_data'
            when behind_path <= 0 then 'on_track'
            when behind_path_at_best > 0 then 'off_track'
            else 'at_risk'
        end as status,
        owner is null as is_without_owner,
        due_date is null as is_without_due_date,
        {{ is_reportable("n_customers") }} as is_reportable,
        {{ reliability("n_customers") }} as reliability,
        {{ lineage_columns() | indent(8) }}
    from measured
)

select * from final
