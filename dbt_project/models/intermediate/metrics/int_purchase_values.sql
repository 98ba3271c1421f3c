{% set least_cost_coverage = 0.5 %}  {#- of revenue; below, the company's margin says more than the customer's own -#}

with

histories as (
    select * from {{ ref("int_purchase_histories") }}
    where sample = 'all'
),

margins as (
    select * from {{ ref("int_customer_margins") }}
),

fits as (
    select * from {{ source("analytics", "purchase_fit") }}
),

states as (
    select * from {{ source("analytics", "purchase_state") }}
),

company as (
    select {{ safe_divide("sum(costed_margin_amount)", "sum(costed_revenue_amount)") }} as margin_share
    from margins
),

joined as (
    select
        histories.customer_key,
        histories.frequency,
        states.p_alive,
        states.expected_purchases,
        states.discounted_purchases,
        fits.method_version,
        fits.amount_unusable_reason,
        case
            when fits.unusable_reason is null and fits.amount_unusable_reason is null
                then
                    {{ expected_amount(
                        "fits.p", "fits.q", "fits.v", "histories.n_valued_repeats", "histories.mean_repeat_amount"
                    ) | indent(20) }}
        end as expected_amount,
        case
            when
                {{ safe_divide("margins.costed_revenue_amount", "margins.revenue_amount") }}
                >= {{ least_cost_coverage }}
                then {{ safe_divide("margins.costed_margin_amount", "margins.costed_revenue_amount") }}
            else company.margin_share
        end as margin_share
    from histories
    cross join company
    left join margins on histories.customer_key = margins.customer_key
    left join fits on histories.sample = fits.sample
    left join states
        on
            histories.sample = states.sample
            and histories.frequency = states.frequency
            and histories.recency_days = states.recency_days
            and histories.age_days = states.age_days
),

final as (
    select
        customer_key,
        frequency as n_repeat_purchases,
        p_alive,
        expected_purchases as expected_orders_12m,
        margin_share,
        cast(round(expected_amount, 2) as decimal(18, 2)) as expected_order_amount,
        cast(round(discounted_purchases * expected_amount * margin_share, 2) as decimal(18, 2)) as bg_nbd_value_amount,
        case
            when p_alive is null then 'no_fit'
            when expected_amount is null then 'no_amount_fit'
            when margin_share is null then 'no_cost'
        end as unavailable_reason
    from joined
)

select * from final
