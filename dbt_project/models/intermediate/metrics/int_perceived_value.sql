{% set benefits = ["functional_score", "emotional_score", "social_score", "financial_score"] %}
{% set costs = ["monetary_cost_score", "time_cost_score", "effort_cost_score", "psychological_cost_score"] %}

with

scores as (
    select * from {{ ref("int_value_scores_averaged") }}
),

pivoted as (
    select
        customer_key,
        product_key,
        purchase_phase,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {% for kind in ["functional", "emotional", "social", "financial"] -%}
        {{ exact_avg("case when benefit_kind = '" ~ kind ~ "' then score end") }} as {{ kind }}_score,
        {% endfor -%}
        {% for kind in ["monetary", "time", "effort", "psychological"] -%}
        {{ exact_avg("case when cost_kind = '" ~ kind ~ "' then score end") }} as {{ kind }}_cost_score,
        {% endfor -%}
        {{ exact_avg("case when benefit_kind is not null and is_tangible then score end") }} as tangible_benefit_score,
        {{ exact_avg("case when benefit_kind is not null and not is_tangible then score end") }}
            as intangible_benefit_score,
        cast(sum(n_answers) as bigint) as n_answers,
        max(n_responses) as n_responses
    from scores
    group by 1, 2, 3, 4, 5, 6, 7
),

weighed as (
    select
        *,
        cast({{ observed(benefits) }} as integer) as benefit_kinds_observed,
        {{ benefit_score(benefits) }} as benefit_score,
        {{ cost_score(costs) }} as cost_score
    from pivoted
),

final as (
    select
        *,
        {{ net_value("benefit_score", "cost_score") }} as net_value_score,
        {{ value_ratio("benefit_score", "cost_score") }} as value_ratio
    from weighed
)

select * from final
