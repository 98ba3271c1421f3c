with

forecasts as (
    select * from {{ ref("int_purchase_forecasts") }}
),

classed as (
    select
        *,
        cast(least(frequency, 10) as integer) as frequency_class
    from forecasts
),

summed as (
    select
        frequency_class,
        cast(count(*) as bigint) as n_customers,
        cast(sum(actual_purchases) as bigint) as actual_purchases,
        {{ exact_sum("expected_purchases") }} as expected_purchases
    from classed
    group by frequency_class
),

final as (
    select
        frequency_class,
        frequency_class = 10 as is_open_class,
        n_customers,
        expected_purchases,
        actual_purchases,
        {{ safe_divide("expected_purchases", "n_customers") }} as expected_per_customer,
        {{ safe_divide("actual_purchases", "n_customers") }} as actual_per_customer,
        {{ safe_divide("expected_purchases - actual_purchases", "actual_purchases") }} as error_share,
        {{ is_reportable("n_customers") }} as is_reportable,
        {{ reliability("n_customers") }} as reliability,
        {{ lineage_columns() | indent(8) }}
    from summed
)

select * from final
