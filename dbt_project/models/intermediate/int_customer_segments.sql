with

customers as (
    select * from {{ ref("int_customers") }}
),

tiers as (
    select * from {{ ref("int_customer_tiers") }}
),

described as (
    select
        customers.customer_key,
        customers.industry,
        customers.market_segment,
        customers.country,
        customers.region,
        customers.culture_cluster,
        customers.size_band,
        customers.lead_source,
        customers.acquisition_channel,
        cast(tiers.value_tier as varchar) as value_tier
    from customers
    left join tiers on customers.customer_key = tiers.customer_key
),

segments as (
    select customer_key, 'all' as segment_type, 'all' as segment_value
    from described
    {%- for segment_type in var("segment_types") %}
    union all
    select customer_key, '{{ segment_type }}' as segment_type, coalesce({{ segment_type }}, 'unknown') as segment_value
    from described
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
