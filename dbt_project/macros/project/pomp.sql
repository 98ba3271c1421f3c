{#-
    Percent of maximum possible: an answer on its scale as 0–100 (Cohen et al. 1999). An answer outside the scale
    has no score; it is never clamped.
-#}
{% macro pomp(answer, scale_min, scale_max, is_reversed="false") -%}
    case
        when {{ answer }} between {{ scale_min }} and {{ scale_max }} and {{ scale_min }} < {{ scale_max }}
            then
                100.0
                * (case when {{ is_reversed }} then {{ scale_max }} - {{ answer }} else {{ answer }} - {{ scale_min }} end)
                / ({{ scale_max }} - {{ scale_min }})
    end
{%- endmacro %}
