{#-
    What there is to win by mending an attribute in a segment, on 0 … 100: mean shortfall × the segment's share of the
    value of all customers × the attribute's share of importance, as percent of the largest such product among the
    segments of its type. 0 where nothing falls short; NULL where a factor is unknown. Formula of this project.
-#}
{% macro opportunity_score(opportunity, largest) -%}
    case
        when {{ opportunity }} = 0 then 0
        else 100 * {{ safe_divide(opportunity, largest) }}
    end
{%- endmacro %}
