with

competitor_scores as (
    select * from {{ ref("competitor_score") }}
),

products as (
    select * from {{ ref("dim_product") }}
),

segments as (
    select distinct segment_key, segment_type, segment_value
    from {{ ref("int_customer_segments") }}
),

periods as (
    select *
    from {{ ref("int_periods") }}
    where period_grain in ('quarter', 'year', 'trailing_12m')
),

of_products as (
    select
        competitor_scores.*,
        case when competitor_scores.product_sku is null then 'all' else products.product_key end as product_key
    from competitor_scores
    left join products on competitor_scores.product_sku = products.product_sku
),

ranked as (
    select
        of_products.*,
        periods.period_grain,
        periods.period_start,
        row_number() over (
            partition by
                of_products.competitor_code,
                of_products.product_key,
                of_products.attribute_code,
                of_products.segment_key,
                periods.period_grain,
                periods.period_start
            order by of_products.valid_from desc
        ) as recency
    from of_products
    inner join periods
        on of_products.valid_from <= periods.period_end and of_products.valid_from <= {{ as_of_date() }}
    where of_products.product_key is not null
),

latest as (
    select *
    from ranked
    where recency = 1
),

scored_segments as (
    select distinct competitor_code, product_key, segment_key, period_grain, period_start
    from latest
),

-- A segment in which nobody judged the competitor borrows what all customers say of it, all or nothing.
final as (
    select
        latest.competitor_code,
        latest.product_key,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        latest.period_grain,
        latest.period_start,
        latest.attribute_code,
        cast(latest.score as double) as competitor_score,
        cast(latest.price_index as double) as price_index,
        latest.source as score_source,
        case when scored_segments.segment_key is null then 'all' else 'segment' end as competitor_scope
    from segments
    cross join latest
    left join scored_segments
        on
            segments.segment_key = scored_segments.segment_key
            and latest.competitor_code = scored_segments.competitor_code
            and latest.product_key = scored_segments.product_key
            and latest.period_grain = scored_segments.period_grain
            and latest.period_start = scored_segments.period_start
    where latest.segment_key = coalesce(scored_segments.segment_key, 'all:all')
)

select * from final
