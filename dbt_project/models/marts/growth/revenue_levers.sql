{% set four = ["customers_effect", "frequency_effect", "transaction_size_effect", "price_effect"] %}
{% set three = ["volume_effect", "mix_effect", "like_for_like_price_effect"] %}
{% set prior = {"customers": "c0", "frequency": "f0", "size": "q0", "price": "p0"} %}
{% set current = {"customers": "c1", "frequency": "f1", "size": "q1", "price": "p1"} %}

with

compared as (
    select * from {{ ref("int_levers_compared") }}
),

price_mix as (
    select * from {{ ref("int_price_mix_effects") }}
),

-- Nobody bought in one of the periods: how often and how much is then unknown, and the other period's stands in.
factors as (
    select
        *,
        cast(n_customers_prior as double) as c0,
        cast(n_customers_current as double) as c1,
        coalesce(orders_per_customer_prior, orders_per_customer_current) as f0,
        coalesce(orders_per_customer_current, orders_per_customer_prior) as f1,
        coalesce(units_per_order_prior, units_per_order_current) as q0,
        coalesce(units_per_order_current, units_per_order_prior) as q1,
        coalesce(revenue_per_unit_prior, revenue_per_unit_current) as p0,
        coalesce(revenue_per_unit_current, revenue_per_unit_prior) as p1
    from compared
),

estimated as (
    select
        factors.*,
        cast(factors.revenue_current - factors.revenue_prior as decimal(18, 2)) as delta,
        {{ lever_effect("customers", prior, current) }} as customers_effect,
        {{ lever_effect("frequency", prior, current) }} as frequency_effect,
        {{ lever_effect("size", prior, current) }} as transaction_size_effect,
        {{ lever_effect("price", prior, current) }} as price_effect,
        {% for effect in three -%}
        case when not price_mix.has_negative_revenue then price_mix.{{ effect }} end as {{ effect }},
        {% endfor -%}
        price_mix.n_products,
        price_mix.has_negative_revenue
    from factors
    inner join price_mix
        on
            factors.segment_key = price_mix.segment_key
            and factors.period_grain = price_mix.period_grain
            and factors.comparison = price_mix.comparison
            and factors.period_start = price_mix.period_start
),

final as (
    select
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        comparison,
        period_start,
        period_end,
        prior_start,
        prior_end,
        '{{ var("reporting_currency") }}' as currency,
        revenue_prior,
        revenue_current,
        delta,
        {{ effects_in_cents(four, "delta") | indent(8) }},
        {{ effects_in_cents(three, "delta") | indent(8) }},
        case when has_negative_revenue then 'shapley' else 'lmdi' end as method,
        case when has_negative_revenue then 'negative_product_revenue' end as price_mix_unavailable_reason,
        n_customers_prior,
        n_customers_current,
        n_orders_prior,
        n_orders_current,
        units_prior,
        units_current,
        orders_per_customer_prior,
        orders_per_customer_current,
        units_per_order_prior,
        units_per_order_current,
        revenue_per_unit_prior,
        revenue_per_unit_current,
        n_products,
        {{ is_reportable("least(n_customers_prior, n_customers_current)") }} as is_reportable,
        {{ reliability("least(n_customers_prior, n_customers_current)") }} as reliability,
        {{ lineage_columns() | indent(8) }}
    from estimated
)

select * from final
