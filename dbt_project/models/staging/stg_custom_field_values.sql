{%- set is_number = ["integer", "decimal"] -%}
{%- set is_time = ["timestamp", "epoch_seconds"] -%}

with

{% for field in var("custom_fields") if field is mapping -%}
field_{{ loop.index }} as (
    {{ latest_version(source(field.source, field.stream), record_id=field.record_id, version=field.version) }}
),

{% endfor -%}

unioned as (
    {%- for field in var("custom_fields") if field is mapping %}
    {%- set number = loop.index %}
    {%- for mart in field.to %}
    select
        '{{ mart }}' as mart,
        '{{ field.source }}' as source_system,
        '{{ field.stream }}' as source_object,
        {{ field.record_id | first if field.record_id | length > 1 else "cast(null as varchar)" }} as parent_id,
        {{ field.record_id | last }} as source_id,
        '{{ field.column | replace("custom_", "", 1) }}' as field_name,
        '{{ field.type }}' as field_type,
        cast({{ field.column }} as varchar) as value_text,
        cast({{ field.column if field.type in is_number else "null" }} as decimal(18, 6)) as value_number,
        cast({{ field.column if field.type in is_time else "null" }} as timestamp) as value_at,
        cast({{ field.column if field.type == "boolean" else "null" }} as boolean) as value_boolean
    from field_{{ number }}
    where nullif(cast({{ field.column }} as varchar), '') is not null
    union all
    {%- endfor %}
    {%- endfor %}
    select
        cast(null as varchar) as mart,
        cast(null as varchar) as source_system,
        cast(null as varchar) as source_object,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as source_id,
        cast(null as varchar) as field_name,
        cast(null as varchar) as field_type,
        cast(null as varchar) as value_text,
        cast(null as decimal(18, 6)) as value_number,
        cast(null as timestamp) as value_at,
        cast(null as boolean) as value_boolean
    where false
)

select * from unioned
