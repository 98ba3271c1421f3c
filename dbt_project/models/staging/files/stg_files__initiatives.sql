with

-- The file is the list: a row that is not in its latest version was taken out.
known as (
    select
        *,
        max(_as_of_date) over (partition by mapping, file_name, sheet) as file_as_of_date
    from {{ source("files", "initiatives") }}
    where _as_of_date <= {{ as_of_date() }}
),

listed as (
    select *
    from known
    where _as_of_date = file_as_of_date
),

source as (
    {{ latest_version("listed", record_id=["initiative_id"]) }}
),

renamed as (
    select
        initiative_id,
        metric_code,
        attribute_code,
        coalesce(segment_type, 'all') as segment_type,
        coalesce(segment_value, 'all') as segment_value,

        name as initiative_name,
        lower(initiative_type) as initiative_type,
        lower(status) as status,
        split_part(owner, '@', 1) as owner,
        file_name,

        budget_amount,
        actual_cost_amount,
        expected_effect,

        cast(start_date as date) as start_date,
        cast(due_date as date) as due_date,
        cast(end_date as date) as end_date
    from source
)

select * from renamed
