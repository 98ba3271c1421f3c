with

samples as (
    select * from {{ ref("int_purchase_samples") }}
),

histories as (
    select * from {{ ref("int_purchase_histories") }}
),

fits as (
    select * from {{ source("analytics", "purchase_fit") }}
),

forecasts as (
    select * from {{ ref("int_purchase_forecasts") }}
),

counted as (
    select
        sample,
        cast(count(*) as bigint) as n_customers,
        cast(count(case when frequency > 0 then 1 end) as bigint) as n_repeat_customers,
        cast(sum(frequency) as bigint) as n_repeat_purchases
    from histories
    group by sample
),

held_out as (
    select
        sample,
        cast(sum(actual_purchases) as bigint) as actual_purchases,
        {{ exact_sum("expected_purchases") }} as expected_purchases,
        {{ exact_avg("abs(expected_purchases - actual_purchases)") }} as mean_absolute_error
    from forecasts
    group by sample
),

final as (
    select
        samples.sample,
        samples.first_date as observed_from,
        samples.last_date as observed_to,
        'week' as time_unit,
        counted.n_customers,
        counted.n_repeat_customers,
        counted.n_repeat_purchases,
        fits.sample is not null and fits.unusable_reason is null as is_usable,
        case when fits.sample is null then 'no_fit' else fits.unusable_reason end as unusable_reason,
        fits.r,
        fits.alpha,
        fits.a,
        fits.b,
        fits.log_likelihood,
        fits.is_converged,
        fits.is_at_bound,
        fits.sample is not null and fits.amount_unusable_reason is null as is_amount_usable,
        case when fits.sample is null then 'no_fit' else fits.amount_unusable_reason end as amount_unusable_reason,
        fits.n_valued_customers,
        fits.p,
        fits.q,
        fits.v,
        fits.amount_log_likelihood,
        fits.is_amount_converged,
        fits.is_amount_at_bound,
        fits.frequency_amount_correlation,
        abs(fits.frequency_amount_correlation) <= 0.3 as is_amount_independent,
        case when held_out.sample is not null then {{ days_after("samples.last_date", 1) }} end as holdout_from,
        case when held_out.sample is not null then samples.forecast_until end as holdout_to,
        held_out.expected_purchases as holdout_expected_purchases,
        held_out.actual_purchases as holdout_actual_purchases,
        {{ safe_divide("held_out.expected_purchases - held_out.actual_purchases", "held_out.actual_purchases") }}
            as holdout_error_share,
        held_out.mean_absolute_error as holdout_mean_absolute_error,
        fits.input_hash,
        fits.method_version,
        {{ lineage_columns() | indent(8) }}
    from samples
    inner join counted on samples.sample = counted.sample
    left join fits on samples.sample = fits.sample
    left join held_out on samples.sample = held_out.sample
)

select * from final
