-- Price and mix at the level of products, by the additive LMDI-I.
with

products as (
    select * from {{ ref("int_product_sales_compared") }}
),

-- Units are exact in decimals of six places; their sum must not depend on the order of the rows.
shared as (
    select
        *,
        cast(
            sum(cast(units_prior as decimal(24, 6))) over (
                partition by segment_key, period_grain, comparison, period_start
            ) as double
        ) as all_units_prior,
        cast(
            sum(cast(units_current as decimal(24, 6))) over (
                partition by segment_key, period_grain, comparison, period_start
            ) as double
        ) as all_units_current
    from products
),

weighed as (
    select
        *,
        cast(revenue_current - revenue_prior as double) as change,
        cast({{ logarithmic_mean("revenue_current", "revenue_prior") }} as double) as weight,
        {{ safe_divide("units_prior", "all_units_prior") }} as share_prior,
        {{ safe_divide("units_current", "all_units_current") }} as share_current,
        {{ safe_divide("revenue_prior", "units_prior") }} as price_prior,
        {{ safe_divide("revenue_current", "units_current") }} as price_current
    from shared
),

-- Where a factor becomes or was nothing, the effects have a limit: a product that enters or leaves is mix, one that is
-- given away is price, and a period without any sale changes the volume.
product_effects as (
    select
        *,
        case
            when all_units_prior = 0 or all_units_current = 0 then change
            else {{ lmdi_effect("weight", "all_units_prior", "all_units_current") }}
        end as volume_change,
        case
            when all_units_prior = 0 or all_units_current = 0 then 0
            when units_prior = 0 or units_current = 0 then change
            else {{ lmdi_effect("weight", "share_prior", "share_current") }}
        end as mix_change,
        case
            when units_prior = 0 or units_current = 0 then 0
            when revenue_prior = 0 or revenue_current = 0 then change
            else {{ lmdi_effect("weight", "price_prior", "price_current") }}
        end as price_change
    from weighed
),

final as (
    select
        segment_key,
        period_grain,
        comparison,
        period_start,
        cast(count(*) as bigint) as n_products,
        min(least(revenue_prior, revenue_current)) < 0 as has_negative_revenue,
        {{ exact_amount_sum("volume_change") }} as volume_effect,
        {{ exact_amount_sum("mix_change") }} as mix_effect,
        {{ exact_amount_sum("price_change") }} as like_for_like_price_effect
    from product_effects
    group by 1, 2, 3, 4
)

select * from final
