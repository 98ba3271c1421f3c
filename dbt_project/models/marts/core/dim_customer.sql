with

customers as (
    select * from {{ ref("int_customers") }}
),

tiers as (
    select * from {{ ref("int_customer_tiers") }}
),

final as (
    select
        customers.customer_key,
        customers.customer_name_hash,
        customers.customer_type,
        customers.parent_customer_key,
        customers.industry,
        customers.market_segment,
        customers.country,
        customers.region,
        customers.culture_cluster,
        customers.size_band,
        tiers.value_tier,
        customers.lead_source,
        customers.acquisition_channel,
        customers.acquired_at,
        customers.first_order_at,
        customers.last_order_at,
        customers.status,
        customers.has_crm_record,
        customers.n_contacts,
        customers.is_merged,
        customers.enrichment_completeness,
        {{ lineage_columns() }}
    from customers
    left join tiers on customers.customer_key = tiers.customer_key
)

select * from final
