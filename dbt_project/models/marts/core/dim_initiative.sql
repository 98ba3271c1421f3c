with

initiatives as (
    select * from {{ ref("stg_files__initiatives") }}
),

windows as (
    select * from {{ ref("int_initiative_windows") }}
),

segments as (
    select distinct segment_key from {{ ref("int_customer_segments") }}
),

final as (
    select
        initiatives.initiative_id,
        initiatives.initiative_name,
        initiatives.initiative_type,
        initiatives.status,
        initiatives.metric_code,
        initiatives.attribute_code,
        initiatives.segment_type,
        initiatives.segment_value,
        windows.segment_key,
        initiatives.owner,
        initiatives.start_date,
        initiatives.due_date,
        initiatives.end_date,
        cast(initiatives.budget_amount as decimal(18, 2)) as budget_amount,
        cast(initiatives.actual_cost_amount as decimal(18, 2)) as actual_cost_amount,
        cast(initiatives.expected_effect as decimal(18, 6)) as expected_effect,
        initiatives.owner is null as is_without_owner,
        initiatives.start_date is null as is_without_start_date,
        initiatives.due_date is null as is_without_due_date,
        coalesce(initiatives.due_date < {{ as_of_date() }} and initiatives.end_date is null, false) as is_overdue,
        coalesce(
            initiatives.due_date < initiatives.start_date or initiatives.end_date < initiatives.start_date, false
        ) as has_dates_swapped,
        not windows.is_known_metric as is_of_unknown_metric,
        segments.segment_key is null as is_of_unknown_segment,
        windows.overlaps_with,
        windows.n_overlapping > 0 as is_overlapping,
        initiatives.file_name,
        {{ lineage_columns() }}
    from initiatives
    inner join windows on initiatives.initiative_id = windows.initiative_id
    left join segments on windows.segment_key = segments.segment_key
)

select * from final
