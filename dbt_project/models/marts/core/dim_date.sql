with

periods as (
    select * from {{ ref("int_periods") }}
),

bounds as (
    select
        cast(date_trunc('year', min(period_start)) as date) as first_date,
        {{ days_after(months_after("cast(date_trunc('year', " ~ as_of_date() ~ ") as date)", 12), -1) }} as last_date
    from periods
),

day_numbers as (
    select
        first_date,
        {{ integers_between("0", days_between("first_date", "last_date")) }} as day_number
    from bounds
),

days as (
    select {{ days_after("first_date", "day_number") }} as date_day
    from day_numbers
),

final as (
    select
        date_day,
        cast(extract(year from date_day) as integer) as year_number,
        cast(extract(quarter from date_day) as integer) as quarter_of_year,
        cast(extract(month from date_day) as integer) as month_of_year,
        cast(extract(day from date_day) as integer) as day_of_month,
        {{ iso_day_of_week("date_day") }} as iso_day_of_week,
        cast(date_trunc('month', date_day) as date) as month_start,
        cast(date_trunc('quarter', date_day) as date) as quarter_start,
        cast(date_trunc('year', date_day) as date) as year_start,
        {{ iso_day_of_week("date_day") }} >= 6 as is_weekend,
        date_day <= {{ as_of_date() }} as is_covered,
        {{ lineage_columns() }}
    from days
)

select * from final
