with

listed as (
    {{ listed_in_file(source("files", "initiatives")) }}
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
