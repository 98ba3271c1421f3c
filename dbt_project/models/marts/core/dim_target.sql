with

targets as (
    select * from {{ ref("stg_files__targets") }}
),

metrics as (
    select * from {{ ref("dim_metric") }}
),

attributes as (
    select * from {{ ref("dim_attribute") }}
),

segments as (
    select * from {{ ref("dim_segment") }}
),

described as (
    select
        {{ surrogate_key(["metric_code", "attribute_code", "segment_type", "segment_value", "valid_from"]) }}
            as target_key,
        segment_type || ':' || segment_value as segment_key,
        coalesce(valid_from <= {{ as_of_date() }}, true) and coalesce(valid_to >= {{ as_of_date() }}, true) as is_valid,
        targets.*
    from targets
),

-- Where several hold at once the youngest decides: it was written last.
ranked as (
    select
        *,
        row_number() over (
            partition by metric_code, attribute_code, segment_key, is_valid
            order by valid_from desc nulls last, target_key
        ) as youth_rank
    from described
),

judged as (
    select
        ranked.*,
        case
            when metrics.metric_code is null then 'unknown_metric'
            when
                ranked.attribute_code is null and ranked.metric_code not in ({{ literals(kpis()) }})
                or ranked.attribute_code is not null
                and ranked.metric_code not in ({{ literals(attribute_metrics()) }})
                then 'metric_without_state'
            when metrics.direction = 'neutral' then 'metric_without_direction'
            when ranked.attribute_code is not null and attributes.attribute_code is null then 'unknown_attribute'
            when segments.segment_key is null then 'unknown_segment'
            when ranked.valid_to < ranked.valid_from then 'ends_before_it_starts'
            when ranked.target_value < metrics.minimum or ranked.target_value > metrics.maximum then 'outside_range'
            when ranked.is_valid and ranked.youth_rank > 1 then 'overlaps_a_younger_target'
        end as unusable_reason
    from ranked
    left join metrics on ranked.metric_code = metrics.metric_code
    left join attributes on ranked.attribute_code = attributes.attribute_code
    left join segments on ranked.segment_key = segments.segment_key
),

final as (
    select
        target_key,
        metric_code,
        attribute_code,
        segment_type,
        segment_value,
        segment_key,
        cast(target_value as decimal(18, 6)) as target_value,
        cast(stretch_value as decimal(18, 6)) as stretch_value,
        description,
        owner,
        due_date,
        valid_from,
        valid_to,
        is_valid,
        unusable_reason is null as is_usable,
        unusable_reason,
        owner is null as is_without_owner,
        due_date is null as is_without_due_date,
        file_name,
        {{ lineage_columns() | indent(8) }}
    from judged
)

select * from final
