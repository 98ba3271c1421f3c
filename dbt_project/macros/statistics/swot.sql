{#-
    Class of an attribute from two importance–performance maps, ours and the competitor's: done well by both a strength,
    by us alone an opportunity, by the competitor alone a threat, by nobody a weakness. Without a competitor only a
    strength or a weakness can be told. Source: after Phadermrod, Crowder & Wills 2019; that each map has a crosshair of
    its own, and how rows are ranked, is of this project.
-#}
{% macro swot_class(is_own_high, is_competitor_high) -%}
    case
        when {{ is_own_high }} is null then null
        when {{ is_own_high }} and coalesce({{ is_competitor_high }}, true) then 'strength'
        when {{ is_own_high }} then 'opportunity'
        when {{ is_competitor_high }} then 'threat'
        else 'weakness'
    end
{%- endmacro %}
