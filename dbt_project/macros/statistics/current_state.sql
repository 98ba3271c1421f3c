{#-
    z of the difference of two independent estimates, from their standard errors. NULL where one of the four is, or
    where neither estimate varies. Source: Wald test of two independent samples.
-#}
{% macro z_of_difference(estimate, se, earlier_estimate, earlier_se) -%}
    {{ safe_divide(
        estimate ~ " - " ~ earlier_estimate, "sqrt(" ~ se ~ " * " ~ se ~ " + " ~ earlier_se ~ " * " ~ earlier_se ~ ")"
    ) }}
{%- endmacro %}

{#- Whether a figure of so many customers may be shown outside, and how far to trust it. -#}
{% macro is_reportable(n_customers) -%}
    {{ n_customers }} >= {{ var("min_n_publish") }}
{%- endmacro %}

{% macro reliability(n_customers) -%}
    case
        when {{ n_customers }} < {{ var("min_n_publish") }} then 'suppressed'
        when {{ n_customers }} < {{ var("min_n_reliable") }} then 'directional'
        else 'reliable'
    end
{%- endmacro %}

{#-
    The grain of the period that says where a metric stood when a target was set. A quarter is short enough to be near
    that day; what grows with the length of the period needs a year, and retention is known by months alone.
-#}
{% macro baseline_grain(metric_code) -%}
    case
        when {{ metric_code }} in ('sales_amount', 'transactions', 'repurchase_rate') then 'year'
        when {{ metric_code }} in ('retention_rate', 'logo_churn', 'grr', 'nrr') then 'month'
        else 'quarter'
    end
{%- endmacro %}

{#-
    Where a figure should stand tonight on the straight way from the baseline to a target on its due date: the target
    itself once the date has passed, and never better than the target. NULL without a baseline or a date.
    Source: this project.
-#}
{% macro path_value(baseline, baseline_date, desired, due_date) -%}
    case
        when {{ baseline }} is null then null
        when {{ due_date }} <= {{ as_of_date() }} or {{ due_date }} <= {{ baseline_date }} then {{ desired }}
        else
            {{ baseline }} + ({{ desired }} - {{ baseline }})
            * {{ safe_divide(days_between(baseline_date, as_of_date()), days_between(baseline_date, due_date)) }}
    end
{%- endmacro %}

{#-
    Mean in which each customer counts as often as there are customers like it who were asked and did not answer; those
    without a weight stay out. Source: weighting-class adjustment, Kalton & Flores-Cervantes 2003.
-#}
{% macro weighted_mean(score, weight) -%}
    {{ safe_divide(
        "sum(" ~ exact(score) ~ " * " ~ exact(weight) ~ ")",
        "sum(case when " ~ score ~ " is not null then " ~ exact(weight) ~ " end)"
    ) }}
{%- endmacro %}
