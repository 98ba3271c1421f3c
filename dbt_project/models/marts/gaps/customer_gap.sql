with

customer_gaps as (
    select * from {{ ref("int_gaps_averaged") }}
),

final as (
    select
        gap_type,
        customer_key,
        attribute_code,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        delivered_score,
        experience_score,
        expectation_score,
        gap_score,
        shortfall_score,
        share_shortfall,
        share_met,
        share_exceeded,
        zone_of_tolerance,
        adequacy_score,
        superiority_score,
        share_below_zone,
        importance_score,
        n_experiences,
        n_pairs,
        {{ lineage_columns() | indent(8) }}
    from customer_gaps
)

select * from final
