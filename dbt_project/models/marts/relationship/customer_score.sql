{% set grain = ["customer_key", "period_grain", "period_start", "period_end", "period_is_complete"] | join(", ") %}
{#- What loyalty makes of answers and purchases, as the score of one customer. #}
{% set loyalties = {
    "nps": "nps_score",
    "repurchase_intent": "repurchase_intent",
    "loyalty_index": "loyalty_index",
    "referral_rate": "referral_share",
    "repurchase_rate": "case when was_customer and has_repurchased then 1 when was_customer then 0 end",
    "tenure_months": "case when is_active then tenure_days / 30.4375 end",
} %}

with

survey_scores as (
    select * from {{ ref("int_survey_scores_averaged") }}
    where metric_code in ('csat', 'csat_ticket', 'ces', 'ces_1', 'acsi', 'experience')
),

loyal_customers as (
    select * from {{ ref("int_loyalty_of_customers") }}
),

answered as (
    select
        metric_code,
        area,
        {{ grain }},
        case when metric_code in ('csat', 'csat_ticket') then 100 * top_box_share else score end as score
    from survey_scores
),

unioned as (
    select * from answered
    {%- for metric_code, score in loyalties.items() %}
    union all
    select
        '{{ metric_code }}' as metric_code,
        'overall' as area,
        {{ grain }},
        {{ score }} as score
    from loyal_customers
    {%- endfor %}
),

final as (
    select
        metric_code,
        area,
        customer_key,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        cast(score as double) as score,
        {{ lineage_columns() | indent(8) }}
    from unioned
    where score is not null
)

select * from final
