with

histories as (
    select * from {{ ref("int_purchase_histories") }}
    where sample = 'calibration'
),

states as (
    select * from {{ source("analytics", "purchase_state") }}
),

final as (
    select
        histories.sample,
        histories.customer_key,
        histories.frequency,
        states.expected_purchases,
        histories.holdout_frequency as actual_purchases
    from histories
    left join states
        on
            histories.sample = states.sample
            and histories.frequency = states.frequency
            and histories.recency_days = states.recency_days
            and histories.age_days = states.age_days
)

select * from final
