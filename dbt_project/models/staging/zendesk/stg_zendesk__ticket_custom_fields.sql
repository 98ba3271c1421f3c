with

tickets as (
    {{ latest_version(source("zendesk", "tickets"), version="generated_at") }}
),

fields as (
    select * from {{ ref("stg_zendesk__ticket_fields") }}
),

field_values as (
    select
        id as ticket_id,
        {{ explode_outer(json_typed("custom_fields", '[{"id": "VARCHAR", "value": "VARCHAR"}]')) }} as custom_field
    from tickets
),

named as (
    select
        field_values.ticket_id,
        field_values.custom_field.id as field_id,
        fields.field_title,
        fields.field_type,
        field_values.custom_field.value as field_value
    from field_values
    left join fields on field_values.custom_field.id = fields.field_id
    where field_values.custom_field.value is not null
)

select * from named
