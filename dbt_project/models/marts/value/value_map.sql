with

value_maps as (
    select * from {{ ref("int_value_maps") }}
),

contributions as (
    select * from {{ ref("int_relative_value_contributions") }}
),

competitors as (
    select * from {{ ref("competitor") }}
),

contributed as (
    select
        value_maps.*,
        contributions.contribution,
        coalesce(contributions.n_responses, 0) as n_responses
    from value_maps
    left join contributions
        on
            value_maps.competitor_code = contributions.competitor_code
            and value_maps.product_key = contributions.product_key
            and value_maps.segment_key = contributions.segment_key
            and value_maps.period_grain = contributions.period_grain
            and value_maps.period_start = contributions.period_start
),

value_moments as (
    select
        competitor_code,
        product_key,
        segment_key,
        segment_type,
        period_grain,
        period_start,
        period_end,
        {{ score_moments("contribution") }}
    from contributed
    group by 1, 2, 3, 4, 5, 6, 7
),

estimated as (
    {{ metric_block(
        "value_moments", interval="mean", by=["product_key", "competitor_code"], high="cast(null as double)"
    ) | indent(4) }}
),

final as (
    select
        value_maps.product_key,
        value_maps.competitor_code,
        competitors.name as competitor_name,
        competitors.is_best_in_class,
        competitors.is_status_quo,
        value_maps.segment_key,
        value_maps.segment_type,
        value_maps.segment_value,
        value_maps.period_grain,
        value_maps.period_start,
        value_maps.period_end,
        value_maps.period_is_complete,
        value_maps.mpq_ratio,
        value_maps.relative_price,
        value_maps.relative_price_basis,
        value_maps.relative_value_ratio,
        {{ fair_value_position("estimated.ci_low", "estimated.ci_high") }} as fair_value_position,
        case
            when value_maps.mpq_ratio is null then 'no_shared_attribute'
            when value_maps.relative_price is null then 'no_price_comparison'
            when estimated.se is null then 'one_customer'
        end as unavailable_reason,
        value_maps.n_attributes_asked,
        value_maps.n_attributes_compared,
        value_maps.weight_coverage,
        value_maps.differentiator_top,
        value_maps.differentiator_lead,
        value_maps.competitor_scope,
        value_maps.competitor_source,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from value_maps
    inner join competitors on value_maps.competitor_code = competitors.competitor_code
    inner join estimated
        on
            value_maps.competitor_code = estimated.competitor_code
            and value_maps.product_key = estimated.product_key
            and value_maps.segment_key = estimated.segment_key
            and value_maps.period_grain = estimated.period_grain
            and value_maps.period_start = estimated.period_start
)

select * from final
