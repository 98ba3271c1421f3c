with

offers as (
    select * from {{ ref("int_product_offers") }}
),

product_sales as (
    select * from {{ ref("int_product_sales") }}
),

price_fairness as (
    select * from {{ ref("int_price_fairness_averaged") }}
),

periods as (
    select *
    from {{ ref("int_periods") }}
    where period_grain = 'trailing_12m'
),

buyer_scores as (
    select
        product_sales.product_sku,
        product_sales.segment_key,
        price_fairness.score,
        price_fairness.n_responses
    from product_sales
    inner join price_fairness on product_sales.customer_key = price_fairness.customer_key
),

judged as (
    select
        offers.product_key,
        offers.segment_key,
        offers.segment_type,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        buyer_scores.score,
        coalesce(buyer_scores.n_responses, 0) as n_responses
    from offers
    cross join periods
    left join buyer_scores
        on offers.product_sku = buyer_scores.product_sku and offers.segment_key = buyer_scores.segment_key
),

fairness_moments as (
    select
        product_key,
        segment_key,
        segment_type,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ score_moments("score") }}
    from judged
    group by 1, 2, 3, 4, 5, 6, 7
),

estimated as (
    {{ metric_block("fairness_moments", interval="mean", by=["product_key"]) | indent(4) }}
),

valued as (
    select
        *,
        cast(
            {{ economic_value_to_customer("reference_price", "positive_differentiation", "negative_differentiation") }}
            as decimal(18, 2)
        ) as evc_amount
    from offers
),

final as (
    select
        valued.product_key,
        valued.segment_key,
        valued.segment_type,
        valued.segment_value,
        estimated.period_grain,
        estimated.period_start,
        estimated.period_end,
        estimated.period_is_complete,
        valued.price,
        cast(valued.list_price as decimal(18, 2)) as list_price,
        cast(valued.unit_cost as decimal(18, 2)) as unit_cost,
        valued.units_sold,
        valued.net_amount,
        valued.list_amount,
        valued.discount_amount,
        {{ safe_divide("valued.discount_amount", "valued.list_amount") }} as discount_rate,
        valued.reference_price,
        valued.positive_differentiation,
        valued.negative_differentiation,
        valued.cost_savings as cost_savings_amount,
        valued.perceived_worth as perceived_worth_amount,
        valued.researched_from,
        valued.research_source,
        valued.n_research_respondents,
        valued.evc_amount,
        cast(valued.evc_amount - valued.price as decimal(18, 2)) as customer_surplus,
        cast(valued.price - valued.unit_cost as decimal(18, 2)) as firm_margin,
        {{ price_position("valued.price", "valued.unit_cost", "valued.evc_amount") }} as price_position,
        {{ is_win_win("valued.price", "valued.unit_cost", "valued.evc_amount") }} as is_win_win,
        cast(valued.evc_amount - valued.price as decimal(18, 2)) as economic_value_amount,
        {{ safe_divide("valued.evc_amount", "valued.price") }} as economic_value_ratio,
        case
            when valued.evc_amount is null then 'no_price_research'
            when valued.price is null then 'no_sale'
            when valued.unit_cost is null then 'no_unit_cost'
            when valued.evc_amount <= valued.unit_cost then 'worth_no_more_than_its_cost'
        end as unavailable_reason,
        estimated.estimate as price_fairness_score,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from valued
    inner join estimated
        on valued.product_key = estimated.product_key and valued.segment_key = estimated.segment_key
)

select * from final
