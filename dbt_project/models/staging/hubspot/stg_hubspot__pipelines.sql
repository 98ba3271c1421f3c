with

versions as (
    {{ latest_version(source("hubspot", "pipelines")) }}
),

stages as (
    select
        id,
        label,
        is_archived,
        -- The whole list comes every night: what is older than the last one has been deleted.
        _as_of_date < max(_as_of_date) over () as is_deleted,
        unnest(
            {{ json_typed(
                "stages",
                '[{"id": "VARCHAR", "label": "VARCHAR", "displayOrder": "INTEGER", "archived": "BOOLEAN", '
                ~ '"metadata": {"probability": "DECIMAL(5,4)", "isClosed": "BOOLEAN"}}]'
            ) }}
        ) as stage
    from versions
),

renamed as (
    select
        id as pipeline_id,
        stage.id as stage_id,

        label as pipeline_name,
        stage.label as stage_name,

        stage.displayOrder as stage_position,
        stage.metadata.probability as win_probability,

        coalesce(stage.metadata.isClosed, stage.metadata.probability in (0, 1), false) as is_closed,
        is_deleted or coalesce(is_archived, false) or coalesce(stage.archived, false) as is_archived
    from stages
)

select * from renamed
