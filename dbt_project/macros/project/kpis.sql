{#-
    The metrics of the current state, by their names in seeds/metric.csv. Each has at least the row of all customers
    over the last twelve months, without a value where the company has no data for it.
-#}
{% macro kpis() -%}
    {{ return([
        "sales_amount", "transactions", "active_customers", "on_time_delivery_rate",
        "csat", "csat_ticket", "ces", "acsi", "satisfaction_gap", "net_value",
        "nps", "repurchase_rate", "referral_rate",
        "retention_rate", "logo_churn", "grr", "nrr", "win_rate", "survey_response_rate",
        "first_reply_minutes", "first_reply_business_minutes", "resolution_hours", "resolution_business_hours",
        "sla_met_rate", "first_contact_resolution_rate", "reopen_rate", "handoff_rate",
    ]) }}
{%- endmacro %}

{#- The metrics whose state is known for single attributes, as columns of `satisfaction_gap`. A target may name them. -#}
{% macro attribute_metrics() -%}
    {{ return(["satisfaction_gap", "experience_of_attribute", "servperf", "shortfall", "share_shortfall"]) }}
{%- endmacro %}
