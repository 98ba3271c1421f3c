{#-
    Share of the revenue at the start that is still there at the end, and the same with what customers who stayed
    bought more. Who came back does not count in either. NULL where nothing was there at the start.
-#}
{% macro gross_revenue_retention(start, contraction, churn) -%}
    case
        when {{ start }} > 0
            then {{ safe_divide(start ~ " - " ~ contraction ~ " - " ~ churn, start) }}
    end
{%- endmacro %}

{% macro net_revenue_retention(start, expansion, contraction, churn) -%}
    case
        when {{ start }} > 0
            then {{ safe_divide(start ~ " + " ~ expansion ~ " - " ~ contraction ~ " - " ~ churn, start) }}
    end
{%- endmacro %}

{#-
    Whether the silence that follows a day is long enough by now to say who left on it: longer than the activity
    window. Until then a customer may only be between two orders.
-#}
{% macro is_silence_known(last_day) -%}
    {{ days_between(last_day, as_of_date()) }} > {{ var("activity_window_days") }}
{%- endmacro %}
