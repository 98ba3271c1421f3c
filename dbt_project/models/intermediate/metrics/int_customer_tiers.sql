with

relationship_values as (
    select * from {{ ref("int_relationship_values") }}
),

ranked as (
    select
        customer_key,
        unavailable_reason,
        ntile(10) over (
            partition by unavailable_reason
            order by relationship_value_amount desc, historic_margin_amount desc nulls last, customer_key asc
        ) as tenth
    from relationship_values
),

final as (
    select
        customer_key,
        case when unavailable_reason is null then cast(tenth as integer) end as value_tier
    from ranked
)

select * from final
