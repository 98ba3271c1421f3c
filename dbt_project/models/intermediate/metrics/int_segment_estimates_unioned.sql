{% set periods = "period_grain in ('trailing_12m', 'year') and segment_type <> 'all' and segment_value <> 'unknown'" %}

with

satisfaction_gaps as (
    select * from {{ ref("satisfaction_gap") }}
    where {{ periods }}
),

satisfactions as (
    select * from {{ ref("satisfaction") }}
    where {{ periods }}
),

loyalties as (
    select * from {{ ref("loyalty") }}
    where {{ periods }}
),

retentions as (
    select * from {{ ref("revenue_retention") }}
    where {{ periods }} and basis = 'orders'
),

perceived_values as (
    select * from {{ ref("customer_value_segment") }}
    where {{ periods }} and product_key = 'all'
),

{%- set measured = {
    "satisfaction_gap": ("gap_score", "se"),
    "experience_of_attribute": ("experience_score", "experience_se"),
    "expectation_of_attribute": ("expectation_score", "expectation_se"),
} %}

unioned as (
    {%- for metric_code, (estimate, se) in measured.items() %}
    select
        '{{ metric_code }}' as metric_code,
        attribute_code,
        'all' as purchase_phase,
        'mean' as interval_kind,
        {{ segment_and_period() | indent(8) }},
        n_customers,
        n_customers as n_observations,
        {{ estimate }} as estimate,
        {{ se }} as se
    from satisfaction_gaps
    union all
    {%- endfor %}
    select
        metric_code,
        'all' as attribute_code,
        'all' as purchase_phase,
        case when metric_code in ('csat', 'csat_ticket') then 'share' else 'mean' end as interval_kind,
        {{ segment_and_period() | indent(8) }},
        n_customers,
        n_customers as n_observations,
        estimate,
        se
    from satisfactions
    where metric_code in ('csat', 'csat_ticket', 'ces', 'acsi')
    union all
    select
        measure_code as metric_code,
        'all' as attribute_code,
        purchase_phase,
        'mean' as interval_kind,
        {{ segment_and_period() | indent(8) }},
        n_customers,
        n_customers as n_observations,
        estimate,
        se
    from perceived_values
    union all
    select
        'nps' as metric_code,
        'all' as attribute_code,
        'all' as purchase_phase,
        'nps' as interval_kind,
        {{ segment_and_period() | indent(8) }},
        n_customers,
        n_customers as n_observations,
        estimate,
        se
    from loyalties
    union all
    -- A month at risk is what is observed: a customer is lost in one of them at most.
    select
        'logo_churn' as metric_code,
        'all' as attribute_code,
        'all' as purchase_phase,
        'share' as interval_kind,
        {{ segment_and_period() | indent(8) }},
        n_customers,
        n_responses as n_observations,
        100 * estimate as estimate,
        100 * se as se
    from retentions
),

final as (
    select
        *,
        n_customers >= {{ var("min_n_publish") }} as is_reportable,
        cast(count(*) over peers as bigint) as n_segments,
        cast(count(case when n_customers >= {{ var("min_n_publish") }} then 1 end) over peers as bigint)
            as n_reportable_segments
    from unioned
    where estimate is not null
    window peers as (
        partition by metric_code, attribute_code, purchase_phase, segment_type, period_grain, period_start
    )
)

select * from final
