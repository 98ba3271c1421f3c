with

targets as (
    select * from {{ ref("stg_files__targets") }}
),

final as (
    select
        {{ surrogate_key(["metric_code", "attribute_code", "segment_type", "segment_value", "valid_from"]) }}
            as target_key,
        metric_code,
        attribute_code,
        segment_type,
        segment_value,
        segment_type || ':' || segment_value as segment_key,
        cast(target_value as decimal(18, 6)) as target_value,
        cast(stretch_value as decimal(18, 6)) as stretch_value,
        description,
        owner,
        due_date,
        valid_from,
        valid_to,
        coalesce(valid_from <= {{ as_of_date() }}, true) and coalesce(valid_to >= {{ as_of_date() }}, true) as is_valid,
        owner is null as is_without_owner,
        due_date is null as is_without_due_date,
        file_name,
        {{ lineage_columns() }}
    from targets
)

select * from final
