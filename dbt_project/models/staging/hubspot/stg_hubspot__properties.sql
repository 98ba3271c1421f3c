with

versions as (
    {{ latest_version(source("hubspot", "properties"), record_id=["object_type", "name"]) }}
),

renamed as (
    select
        object_type,
        name as property_name,

        label,
        description,
        group_name,
        type as data_type,
        field_type,
        options,

        coalesce(is_calculated, false) as is_calculated,
        coalesce(is_hubspot_defined, false) as is_hubspot_defined,
        -- The whole list comes every night: what is older than the last one has been archived or deleted.
        _as_of_date < max(_as_of_date) over (partition by object_type) as is_archived,

        updated_at
    from versions
)

select * from renamed
