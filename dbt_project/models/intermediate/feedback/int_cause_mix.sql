with

rated_causes as (
    select * from {{ ref("int_rated_causes") }}
),

totalled as (
    select
        *,
        sum(weight_prior) over (partition by segment_key) as total_weight_prior,
        sum(weight) over (partition by segment_key) as total_weight,
        sum(satisfied_prior) over (partition by segment_key) as total_satisfied_prior,
        sum(satisfied) over (partition by segment_key) as total_satisfied
    from rated_causes
),

-- A cause that one of the two years lacks has no satisfaction in it: that of all tickets of the year stands in.
compared as (
    select
        *,
        {{ safe_divide("weight_prior", "total_weight_prior") }} as share_prior,
        {{ safe_divide("weight", "total_weight") }} as share_current,
        {{ safe_divide("satisfied_prior", "weight_prior") }} as csat_prior,
        {{ safe_divide("satisfied", "weight") }} as csat_current,
        {{ safe_divide("total_satisfied_prior", "total_weight_prior") }} as total_csat_prior,
        {{ safe_divide("total_satisfied", "total_weight") }} as total_csat
    from totalled
),

filled as (
    select
        *,
        coalesce(csat_prior, total_csat_prior) as value_prior,
        coalesce(csat_current, total_csat) as value_current
    from compared
),

final as (
    select
        segment_key,
        segment_type,
        segment_value,
        cause_code,
        n_rated_prior,
        n_rated,
        share_prior,
        share_current,
        csat_prior,
        csat_current,
        {{ mix_effect("share_prior", "share_current", "value_prior", "value_current") }} as mix_effect,
        {{ rate_effect("share_prior", "share_current", "value_prior", "value_current") }} as rate_effect,
        total_csat - total_csat_prior as csat_change
    from filled
)

select * from final
