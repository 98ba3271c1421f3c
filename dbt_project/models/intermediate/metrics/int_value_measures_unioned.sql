{% set columns_of_measures = {
    "net_value": "net_value_score",
    "benefit": "benefit_score",
    "cost": "cost_score",
    "functional_benefit": "functional_score",
    "emotional_benefit": "emotional_score",
    "social_benefit": "social_score",
    "financial_benefit": "financial_score",
    "monetary_cost": "monetary_cost_score",
    "time_cost": "time_cost_score",
    "effort_cost": "effort_cost_score",
    "psychological_cost": "psychological_cost_score",
} %}

with

perceived_values as (
    select * from {{ ref("int_perceived_value") }}
),

attitudes as (
    select * from {{ ref("int_attitudes_averaged") }}
),

measures as (
    {%- for measure_code, column in columns_of_measures.items() %}
    select
        '{{ measure_code }}' as measure_code,
        customer_key,
        product_key,
        purchase_phase,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ column }} as score,
        cast(null as double) as benefit_part,
        cast(null as double) as cost_part,
        n_responses
    from perceived_values
    where {{ column }} is not null
    union all
    {%- endfor %}
    select
        metric_code as measure_code,
        customer_key,
        product_key,
        purchase_phase,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        score,
        cast(null as double) as benefit_part,
        cast(null as double) as cost_part,
        n_responses
    from attitudes
    union all
    -- Who feels no cost has no ratio of its own, yet its benefit counts in that of its segment.
    select
        'value_ratio' as measure_code,
        customer_key,
        product_key,
        purchase_phase,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        value_ratio as score,
        benefit_score as benefit_part,
        cost_score as cost_part,
        n_responses
    from perceived_values
    where net_value_score is not null
)

select * from measures
