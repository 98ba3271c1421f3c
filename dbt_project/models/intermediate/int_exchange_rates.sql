with

rates as (
    select * from {{ ref("fx_rate") }}
),

followed as (
    select
        currency,
        valid_from,
        rate,
        lead(valid_from) over (partition by currency order by valid_from) as next_valid_from
    from rates
),

converted as (
    select
        currency,
        valid_from,
        least(
            {{ days_after("valid_from", 31) }},
            coalesce({{ days_after("next_valid_from", -1) }}, {{ days_after("valid_from", 31) }})
        ) as valid_to,
        cast(rate as decimal(18, 9)) as fx_rate
    from followed
    where currency <> '{{ var("reporting_currency") }}'
),

final as (
    select * from converted
    union all
    select
        '{{ var("reporting_currency") }}' as currency,
        cast('0001-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to,
        cast(1 as decimal(18, 9)) as fx_rate
)

select * from final
