{#-
    Fails for each metric of the registry that has a value outside its bounds; NaN and infinity are outside of any.
    dbt learns what a test reads before it can read the registry: a mart with metrics is named here.
-#}
{% set marts = [
    "acquisition", "bridge_deal_customer", "customer_value", "customer_value_segment", "dim_customer",
    "fct_customer_cost", "fct_customer_month", "fct_deal", "fct_order_line", "fct_subscription", "fct_ticket",
    "fct_value_gap", "kpi_current_state", "loyalty", "product_value", "purchase_model", "purchase_model_check", "relationship_value",
    "retention_cohort", "revenue_levers", "revenue_retention", "sales_performance", "satisfaction", "satisfaction_gap", "segment_difference",
    "segment_opportunity", "survey_quality", "value_map",
    "item_statistics", "promise_alignment", "service_quality_gaps", "servqual_score", "value_gap",
    "action_plan", "at_risk_customer", "closed_loop", "fct_closed_loop_case", "gap_risk", "initiative_effect", "agent_scorecard", "service_performance", "service_satisfaction_link", "satisfaction_profit_link",
    "feedback_summary", "process_map", "root_cause", "theme_summary",
    "context_comparison", "customer_need", "driver_importance", "importance_performance", "swot", "value_delivery_stage",
] %}
{% set relations = {} %}
{% for mart in marts %}{% do relations.update({mart: ref(mart)}) %}{% endfor %}

{% set registry %}
select metric_code, model, column_name, row_filter, minimum, maximum
from {{ ref("dim_metric") }}
order by metric_code
{% endset %}

with

outside as (
    select
        cast(null as varchar) as metric_code,
        cast(null as double) as metric_value
    where 1 = 0
    {% for metric in run_query(registry) if execute %}
    {% if metric["model"] not in relations %}
    {% do exceptions.raise_compiler_error(
        "Metric " ~ metric["metric_code"] ~ " of seeds/metric.csv stands in mart " ~ metric["model"]
        ~ ", which tests/marts/metrics_are_within_their_bounds.sql does not list. Add it there."
    ) %}
    {% endif %}
    union all
    select
        '{{ metric["metric_code"] }}',
        cast({{ metric["column_name"] }} as double)
    from {{ relations[metric["model"]] }}
    where
        {{ metric["row_filter"] or "1 = 1" }}
        and (
            not isfinite(cast({{ metric["column_name"] }} as double))
            {% if metric["minimum"] is not none %}or {{ metric["column_name"] }} < {{ metric["minimum"] }}{% endif %}
            {% if metric["maximum"] is not none %}or {{ metric["column_name"] }} > {{ metric["maximum"] }}{% endif %}
        )
    {% endfor %}
)

select
    metric_code,
    count(*) as n_rows,
    min(metric_value) as smallest,
    max(metric_value) as largest
from outside
group by metric_code
