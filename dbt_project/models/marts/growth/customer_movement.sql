with

movements as (
    select * from {{ ref("int_revenue_movements") }}
),

final as (
    select
        basis,
        customer_key,
        month_start,
        month_is_complete,
        is_decided,
        movement,
        churn_type,
        '{{ var("reporting_currency") }}' as currency,
        cast(amount_start as decimal(18, 2)) as amount_start,
        cast(amount_new as decimal(18, 2)) as amount_new,
        cast(amount_expansion as decimal(18, 2)) as amount_expansion,
        cast(amount_contraction as decimal(18, 2)) as amount_contraction,
        cast(amount_churn as decimal(18, 2)) as amount_churn,
        cast(amount_reactivation as decimal(18, 2)) as amount_reactivation,
        cast(amount_end as decimal(18, 2)) as amount_end,
        {{ lineage_columns() | indent(8) }}
    from movements
)

select * from final
