with

-- The file is the list: a row that is not in its latest version was taken out.
known as (
    select
        *,
        max(_as_of_date) over (partition by mapping, file_name, sheet) as file_as_of_date
    from {{ source("files", "targets") }}
    where _as_of_date <= {{ as_of_date() }}
),

listed as (
    select *
    from known
    where _as_of_date = file_as_of_date
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
