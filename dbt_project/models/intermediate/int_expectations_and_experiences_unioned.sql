{{ config(materialized="view") }}

{% set judged = [
    "response_key", "customer_key", "contact_key", "respondent_key", "attribute_code", "submitted_at",
    "expectation_score", "experience_score", "expectation_raw", "experience_raw", "expectation_scale_from",
    "expectation_scale_to", "experience_scale_from", "experience_scale_to", "scale_version", "has_reversed_items",
] %}

with

attribute_scores as (
    select * from {{ ref("int_attribute_scores") }}
),

value_scores as (
    select * from {{ ref("int_value_scores") }}
),

unioned as (
    select
        'satisfaction' as gap_type,
        'higher_better' as score_direction,
        {{ judged | join(", ") }},
        desired_score,
        adequate_score,
        importance_score
    from attribute_scores
    union all
    select
        'value' as gap_type,
        case when is_cost then 'lower_better' else 'higher_better' end as score_direction,
        {{ judged | join(", ") }},
        cast(null as double) as desired_score,
        cast(null as double) as adequate_score,
        cast(null as double) as importance_score
    from value_scores
)

select * from unioned
