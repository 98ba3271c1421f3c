{#-
    Risk priority number of a failure mode and effects analysis: severity × occurrence × detection, each 1 to 10. NULL
    where one of them is unknown. Equal numbers hide different severities, so gaps are ordered by action priority first.
    Source: IEC 60812.
-#}
{% macro risk_priority_number(severity, occurrence, detection) -%}
    {{ severity }} * {{ occurrence }} * {{ detection }}
{%- endmacro %}

{#-
    How bad one gap is for the company: the part of importance its subject has, points short, and the part of all margin
    its segment brings. Formula of this project; thresholds in seeds/risk_rating.csv.
-#}
{% macro severity_index(importance_share, shortfall_points, margin_share) -%}
    {{ importance_share }} * {{ shortfall_points }} * {{ margin_share }}
{%- endmacro %}

{#-
    What is missing to a desired value in points of 100, so that gaps of different units can be compared: points and
    percent as they are, shares as percent, anything else in percent of the desired value. Held at 100.
-#}
{% macro shortfall_points(gap_to_close, unit, desired_value) -%}
    case
        when {{ unit }} like 'points%' or {{ unit }} = 'percent' then {{ clip(gap_to_close, 0, 100) }}
        when {{ unit }} = 'share' then {{ clip("100 * " ~ gap_to_close, 0, 100) }}
        else {{ clip("100 * " ~ safe_divide(gap_to_close, "abs(" ~ desired_value ~ ")"), 0, 100) }}
    end
{%- endmacro %}

{#- The rating of seeds/risk_rating.csv that a value of `relation` has, as a scalar subquery. NULL for NULL. -#}
{% macro risk_rating(component, value) -%}
    (
        select max(rating)
        from {{ ref("risk_rating") }} as ratings
        where ratings.component = '{{ component }}' and {{ value }} >= ratings.from_value
    )
{%- endmacro %}
