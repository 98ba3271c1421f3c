with

initiatives as (
    select * from {{ ref("stg_files__initiatives") }}
),

final as (
    select
        initiative_id,
        initiative_name,
        initiative_type,
        status,
        metric_code,
        attribute_code,
        segment_type,
        segment_value,
        segment_type || ':' || segment_value as segment_key,
        owner,
        start_date,
        due_date,
        end_date,
        cast(budget_amount as decimal(18, 2)) as budget_amount,
        cast(actual_cost_amount as decimal(18, 2)) as actual_cost_amount,
        cast(expected_effect as decimal(18, 6)) as expected_effect,
        owner is null as is_without_owner,
        start_date is null as is_without_start_date,
        due_date is null as is_without_due_date,
        coalesce(due_date < {{ as_of_date() }} and end_date is null, false) as is_overdue,
        file_name,
        {{ lineage_columns() }}
    from initiatives
)

select * from final
