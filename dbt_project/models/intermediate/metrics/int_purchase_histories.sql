with

purchase_days as (
    select * from {{ ref("int_purchase_days") }}
),

samples as (
    select * from {{ ref("int_purchase_samples") }}
),

sampled as (
    select
        samples.sample,
        samples.last_date,
        purchase_days.customer_key,
        purchase_days.purchase_date,
        purchase_days.amount,
        purchase_days.purchase_date <= samples.last_date as is_observed,
        min(purchase_days.purchase_date) over (
            partition by samples.sample, purchase_days.customer_key
        ) as first_purchase_date
    from purchase_days
    cross join samples
),

-- The first purchase is not repeated by anyone; its amount is that of getting to know each other.
final as (
    select
        sample,
        customer_key,
        first_purchase_date,
        cast(count(case when is_observed then 1 end) - 1 as bigint) as frequency,
        cast(
            {{ days_between("first_purchase_date", "max(case when is_observed then purchase_date end)") }} as bigint
        ) as recency_days,
        cast({{ days_between("first_purchase_date", "last_date") }} as bigint) as age_days,
        cast(
            count(case when is_observed and purchase_date > first_purchase_date and amount > 0 then 1 end) as bigint
        ) as n_valued_repeats,
        {{ safe_divide(
            "sum(case when is_observed and purchase_date > first_purchase_date and amount > 0 then amount end)",
            "count(case when is_observed and purchase_date > first_purchase_date and amount > 0 then 1 end)"
        ) }} as mean_repeat_amount,
        case when sample = 'calibration' then cast(count(case when not is_observed then 1 end) as bigint) end
            as holdout_frequency
    from sampled
    where first_purchase_date <= last_date
    group by sample, customer_key, first_purchase_date, last_date
)

select * from final
