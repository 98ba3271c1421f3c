{% set tails = "cast(1 - " ~ var("confidence") ~ " as double)" %}

with

estimates as (
    select * from {{ ref("int_segment_estimates_unioned") }}
),

pairs as (
    select
        a.metric_code,
        a.attribute_code,
        a.purchase_phase,
        a.interval_kind,
        a.segment_type,
        a.segment_value as segment_a,
        b.segment_value as segment_b,
        a.period_grain,
        a.period_start,
        a.period_end,
        a.period_is_complete,
        a.n_customers as n_customers_a,
        b.n_customers as n_customers_b,
        a.n_observations as n_observations_a,
        b.n_observations as n_observations_b,
        a.estimate as estimate_a,
        b.estimate as estimate_b,
        a.estimate - b.estimate as difference,
        a.se as se_a,
        b.se as se_b,
        {{ welch_standard_error("a.se", "b.se") }} as se,
        a.is_reportable and b.is_reportable as is_reportable,
        least(a.n_customers, b.n_customers) as n_weaker,
        -- Those nobody is shown are not among the pairs somebody compares at once.
        cast(a.n_reportable_segments * (a.n_reportable_segments - 1) / 2 as bigint) as n_pairs
    from estimates as a
    inner join estimates as b
        on
            a.metric_code = b.metric_code
            and a.attribute_code = b.attribute_code
            and a.purchase_phase = b.purchase_phase
            and a.segment_type = b.segment_type
            and a.period_grain = b.period_grain
            and a.period_start = b.period_start
            and a.segment_value < b.segment_value
),

judged as (
    select
        *,
        case
            when not is_reportable then 'too_few_customers'
            when interval_kind = 'mean' and (coalesce(se_a, 0) = 0 or coalesce(se_b, 0) = 0) then 'no_variation'
        end as unavailable_reason,
        {{ tails }} as tails,
        {{ tails }} / nullif(n_pairs, 0) as shared_tails
    from pairs
),

weighed as (
    select
        *,
        case
            when interval_kind = 'mean' and unavailable_reason is null
                then {{ welch_degrees_of_freedom("se_a", "n_observations_a", "se_b", "n_observations_b") }}
        end as degrees_of_freedom
    from judged
),

single_t as (
    {{ t_quantiles_at("weighed", "degrees_of_freedom", "tails") | indent(4) }}
),

shared_t as (
    {{ t_quantiles_at("weighed", "degrees_of_freedom", "shared_tails") | indent(4) }}
),

single_z as (
    {{ normal_quantiles_at("weighed", "tails") | indent(4) }}
),

shared_z as (
    {{ normal_quantiles_at("weighed", "shared_tails") | indent(4) }}
),

quantiled as (
    select
        weighed.*,
        single_t.t_quantile as single_t,
        shared_t.t_quantile as shared_t,
        case when weighed.unavailable_reason is null then single_z.z end as single_z,
        case when weighed.unavailable_reason is null then shared_z.z end as shared_z
    from weighed
    left join single_t
        on weighed.degrees_of_freedom = single_t.degrees_of_freedom and weighed.tails = single_t.tails
    left join shared_t
        on weighed.degrees_of_freedom = shared_t.degrees_of_freedom and weighed.shared_tails = shared_t.tails
    left join single_z on weighed.tails = single_z.tails
    left join shared_z on weighed.shared_tails = shared_z.tails
),

bounded as (
    select
        *,
        {{ bounds_of_both("single") | indent(8) }},
        {{ bounds_of_both("shared") | indent(8) }}
    from quantiled
),

compared as (
    select
        *,
        {{ bounds_of_difference("single", "ci") | indent(8) }},
        {{ bounds_of_difference("shared", "simultaneous") | indent(8) }}
    from bounded
),

final as (
    select
        metric_code,
        attribute_code,
        purchase_phase,
        segment_type,
        segment_a,
        segment_b,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        case interval_kind when 'mean' then 'welch' else 'square_and_add' end as interval_method,
        n_customers_a,
        n_customers_b,
        n_observations_a,
        n_observations_b,
        estimate_a,
        estimate_b,
        difference,
        se,
        degrees_of_freedom,
        ci_low,
        ci_high,
        n_pairs,
        simultaneous_low,
        simultaneous_high,
        simultaneous_low > 0 or simultaneous_high < 0 as is_significant,
        unavailable_reason,
        is_reportable,
        case
            when n_weaker < {{ var("min_n_publish") }} then 'suppressed'
            when n_weaker < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() | indent(8) }}
    from compared
)

select * from final
