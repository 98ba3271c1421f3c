with

purchase_days as (
    select * from {{ ref("int_purchase_days") }}
),

observed as (
    select min(purchase_date) as first_date
    from purchase_days
    having min(purchase_date) is not null
),

halves as (
    select
        first_date,
        cast(floor({{ days_between("first_date", as_of_date()) }} / 2) as integer) as n_days
    from observed
),

samples as (
    select
        'all' as sample,
        first_date,
        {{ as_of_date() }} as last_date,
        {{ months_after(as_of_date(), 12) }} as forecast_until
    from observed
    union all
    select
        'calibration' as sample,
        first_date,
        {{ days_after("first_date", "n_days") }} as last_date,
        {{ as_of_date() }} as forecast_until
    from halves
),

final as (
    select
        sample,
        first_date,
        last_date,
        forecast_until,
        {{ days_between("last_date", "forecast_until") }} as forecast_days,
        {{ days_between("last_date", months_after("last_date", var("clv_horizon_months"))) }} as horizon_days,
        cast({{ var("discount_rate_annual") }} as double) as discount_rate_annual
    from samples
)

select * from final
