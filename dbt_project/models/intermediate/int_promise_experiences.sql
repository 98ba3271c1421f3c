with

promises as (
    select * from {{ ref("dim_value_proposition") }}
),

attribute_scores as (
    select * from {{ ref("int_attribute_scores") }}
),

response_products as (
    select * from {{ ref("int_response_products") }}
),

-- A promise about a product is held against experiences with that product, any other against all.
held_against as (
    select
        promises.promise_id,
        promises.attribute_code,
        promises.promised_score,
        promises.product_sku is not null as is_of_product,
        attribute_scores.response_key,
        attribute_scores.customer_key,
        attribute_scores.contact_key,
        attribute_scores.respondent_key,
        attribute_scores.submitted_at,
        attribute_scores.experience_score as delivered_score
    from promises
    inner join attribute_scores
        on
            promises.attribute_code = attribute_scores.attribute_code
            and promises.published_from <= cast(attribute_scores.submitted_at as date)
            and coalesce(promises.published_to >= cast(attribute_scores.submitted_at as date), true)
    inner join response_products
        on
            attribute_scores.response_key = response_products.response_key
            and case when promises.product_sku is null then 'all' else promises.product_key end
            = response_products.product_key
    where
        attribute_scores.experience_score is not null
        and promises.promised_score is not null
),

-- Of several promises the product's own counts, then the one that promises most: a customer remembers that one.
final as (
    select
        *,
        {{ directed_gap("delivered_score", "promised_score", "'higher_better'") }} as promise_gap,
        row_number() over (
            partition by response_key, attribute_code
            order by is_of_product desc nulls last, promised_score desc nulls last, promise_id nulls last
        ) = 1 as is_pair
    from held_against
)

select * from final
