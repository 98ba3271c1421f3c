{%- set grain = [
    "segment_key", "segment_type", "segment_value", "period_grain", "period_start", "period_end", "period_is_complete"
] | join(",\n        ") -%}
{%- set blocks = [
    ("satisfaction", "metric_code", "estimate"),
    ("overall_gaps", "'satisfaction_gap'", "estimate"),
    ("values_to_customers", "'net_value'", "estimate"),
    ("loyal_customers", "'nps'", "nps"),
    ("departures_of_buyers", "'logo_churn'", "logo_churn"),
    ("deals", "'win_rate'", "win_rate"),
    ("services", "metric_code", "estimate"),
] -%}
{%- set censuses = [
    ("sales", "sales_amount", "sales_amount", "n_orders", "n_customers"),
    ("sales", "transactions", "n_orders", "n_orders", "n_customers"),
    ("loyal_customers", "active_customers", "n_active_customers", "n_active_customers", "n_active_customers"),
    ("departures_of_subscribers", "grr", "grr", "n_responses", "n_customers"),
    ("departures_of_subscribers", "nrr", "nrr", "n_responses", "n_customers"),
] -%}

with

sales as (
    select * from {{ ref("int_sales_by_segment") }}
),

loyal_customers as (
    select * from {{ ref("loyalty") }}
),

-- A company may ask for one metric about several areas: its headline is the widest of them.
satisfaction as (
    select *
    from (
        select
            *,
            row_number() over (
                partition by metric_code, segment_key, period_grain, period_start
                order by case when area = 'overall' then 0 else 1 end, n_customers desc, area
            ) as area_rank
        from {{ ref("satisfaction") }}
        where metric_code in ('csat', 'csat_ticket', 'ces', 'acsi')
    ) as ranked
    where area_rank = 1
),

overall_gaps as (
    select * from {{ ref("int_overall_gap_by_segment") }}
),

values_to_customers as (
    select *
    from {{ ref("customer_value_segment") }}
    where measure_code = 'net_value' and purchase_phase = 'post_purchase' and product_key = 'all'
),

departures_of_buyers as (
    select *
    from {{ ref("revenue_retention") }}
    where basis = 'orders'
),

departures_of_subscribers as (
    select *
    from {{ ref("revenue_retention") }}
    where basis = 'subscription'
),

deals as (
    select *
    from {{ ref("sales_performance") }}
    where channel = 'all'
),

services as (
    select *
    from {{ ref("service_performance") }}
    where breakdown = 'all'
),

response_rates as (
    select * from {{ ref("int_response_rate_by_segment") }}
),

shares as (
    select
        'survey_response_rate' as metric_code,
        {{ grain }},
        n_completed as n_positive,
        n_delivered as n_responses,
        n_customers
    from response_rates
    union all
    select
        'on_time_delivery_rate' as metric_code,
        {{ grain }},
        n_on_time as n_positive,
        n_promised as n_responses,
        n_customers_promised as n_customers
    from sales
    where n_promised > 0
    union all
    select
        'repurchase_rate' as metric_code,
        {{ grain }},
        n_repurchased as n_positive,
        n_repurchase_base as n_responses,
        n_repurchase_base as n_customers
    from loyal_customers
    where n_repurchase_base > 0
),

critical as (
    select {{ critical_z() }} as z
),

divided_shares as (
    select
        shares.*,
        {{ safe_divide("shares.n_positive", "shares.n_responses") }} as share_value,
        critical.z
    from shares
    cross join critical
),

final as (
    {% for relation, metric_code, metric_value in blocks -%}
    select
        {{ metric_code }} as metric_code,
        {{ grain }},
        {{ metric_value }} as metric_value,
        se,
        ci_low,
        ci_high,
        n_responses,
        n_customers
    from {{ relation }}
    where n_customers > 0
    union all
    {% endfor -%}
    select
        'retention_rate' as metric_code,
        {{ grain }},
        1 - logo_churn as metric_value,
        se,
        1 - ci_high as ci_low,
        1 - ci_low as ci_high,
        n_responses,
        n_customers
    from departures_of_buyers
    where n_customers > 0
    union all
    select
        'referral_rate' as metric_code,
        {{ grain }},
        referral_rate as metric_value,
        referral_se as se,
        referral_low as ci_low,
        referral_high as ci_high,
        n_referral_answers as n_responses,
        n_referral_customers as n_customers
    from loyal_customers
    where n_referral_customers > 0
    union all
    select
        metric_code,
        {{ grain }},
        share_value as metric_value,
        {{ share_standard_error("share_value", "n_responses") }} as se,
        {{ wilson_low("share_value", "n_responses", "z") }} as ci_low,
        {{ wilson_high("share_value", "n_responses", "z") }} as ci_high,
        n_responses,
        n_customers
    from divided_shares
    {% for relation, metric_code, metric_value, n_responses, n_customers in censuses -%}
    union all
    select
        '{{ metric_code }}' as metric_code,
        {{ grain }},
        cast({{ metric_value }} as double) as metric_value,
        cast(null as double) as se,
        cast(null as double) as ci_low,
        cast(null as double) as ci_high,
        {{ n_responses }} as n_responses,
        {{ n_customers }} as n_customers
    from {{ relation }}
    where {{ n_customers }} > 0 and {{ metric_value }} is not null
    {% endfor %}
)

select * from final
