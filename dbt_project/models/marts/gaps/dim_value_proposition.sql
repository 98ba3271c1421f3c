with

promises as (
    select * from {{ ref("value_proposition") }}
),

products as (
    select * from {{ ref("dim_product") }}
),

final as (
    select
        promises.promise_id,
        promises.attribute_code,
        promises.product_sku,
        products.product_key,
        promises.product_sku is not null and products.product_key is null as is_product_unknown,
        promises.claim_text,
        cast(promises.promised_score as double) as promised_score,
        promises.channel,
        promises.published_from,
        promises.published_to,
        promises.published_from <= {{ as_of_date() }}
        and coalesce(promises.published_to >= {{ as_of_date() }}, true) as is_published,
        promises.source,
        {{ lineage_columns() }}
    from promises
    left join products on promises.product_sku = products.product_sku
)

select * from final
