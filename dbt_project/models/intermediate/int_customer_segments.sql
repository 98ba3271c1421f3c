with

customers as (
    select * from {{ ref("int_customers") }}
),

segments as (
    select customer_key, 'all' as segment_type, 'all' as segment_value
    from customers
    {%- for segment_type in var("segment_types") %}
    union all
    select customer_key, '{{ segment_type }}' as segment_type, coalesce({{ segment_type }}, 'unknown') as segment_value
    from customers
    {%- endfor %}
),

final as (
    select
        customer_key,
        segment_type || ':' || segment_value as segment_key,
        segment_type,
        segment_value
    from segments
)

select * from final
