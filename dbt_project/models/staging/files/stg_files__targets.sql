with

listed as (
    {{ listed_in_file(source("files", "targets")) }}
),

source as (
    {{ latest_version(
        "listed", record_id=["metric_code", "attribute_code", "segment_type", "segment_value", "valid_from"]
    ) }}
),

renamed as (
    select
        metric_code,
        attribute_code,
        coalesce(segment_type, 'all') as segment_type,
        coalesce(segment_value, 'all') as segment_value,

        split_part(owner, '@', 1) as owner,
        description,
        file_name,

        target_value,
        stretch_value,

        cast(due_date as date) as due_date,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to
    from source
)

select * from renamed
