with

weights as (
    select * from {{ source("analytics", "driver_weight") }}
),

fits as (
    select * from {{ source("analytics", "driver_fit") }}
),

segments as (
    select * from {{ ref("dim_segment") }}
),

final as (
    select
        weights.outcome_code,
        weights.attribute_code,
        weights.segment_key,
        segments.segment_type,
        segments.segment_value,
        weights.johnson_share,
        weights.johnson_low,
        weights.johnson_high,
        weights.lmg_share,
        weights.lmg_low,
        weights.lmg_high,
        case
            when weights.johnson_share is not null
                then
                    cast(
                        rank() over (
                            partition by weights.outcome_code, weights.segment_key
                            order by weights.johnson_share desc nulls last
                        ) as integer
                    )
        end as driver_rank,
        weights.correlation,
        weights.standardized_beta,
        cast(sign(weights.correlation) as integer) as sign,
        weights.vif,
        fits.r_squared,
        cast(fits.n_drivers as integer) as n_drivers,
        cast(fits.n_resamples as integer) as n_resamples,
        case
            when weights.lmg_share is not null then 'johnson_and_lmg'
            when weights.johnson_share is not null then 'johnson'
        end as method,
        weights.repeats_attribute_code,
        weights.unavailable_reason,
        fits.n_responses,
        fits.n_customers,
        fits.n_customers >= {{ var("min_n_publish") }} as is_reportable,
        case
            when fits.n_customers < {{ var("min_n_publish") }} then 'suppressed'
            when fits.n_customers < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() }}
    from weights
    inner join fits
        on weights.outcome_code = fits.outcome_code and weights.segment_key = fits.segment_key
    inner join segments on weights.segment_key = segments.segment_key
)

select * from final
