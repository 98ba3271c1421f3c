{#- Whether a gap (delivered − expected, in points) is worth speaking of; NULL where there is no gap to judge. -#}
{% macro gap_direction(gap_score) -%}
    case
        when {{ gap_score }} < -{{ var("gap_tolerance_points") }} then 'shortfall'
        when {{ gap_score }} > {{ var("gap_tolerance_points") }} then 'exceeded'
        when {{ gap_score }} is not null then 'met'
    end
{%- endmacro %}
