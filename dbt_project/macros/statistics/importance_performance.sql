{#-
    Importance–performance analysis: what matters to customers against how well it is done. Both axes are cut by a
    crosshair; what lies on it counts as high. Source: Martilla & James 1977.
-#}
{% macro performance_quadrant(importance, performance, importance_crosshair, performance_crosshair) -%}
    case
        when {{ importance }} is null or {{ performance }} is null then null
        when {{ importance_crosshair }} is null or {{ performance_crosshair }} is null then null
        when {{ is_high(importance, importance_crosshair) }} and {{ is_high(performance, performance_crosshair) }}
            then 'keep_up'
        when {{ is_high(importance, importance_crosshair) }} then 'concentrate_here'
        when {{ is_high(performance, performance_crosshair) }} then 'possible_overkill'
        else 'low_priority'
    end
{%- endmacro %}

{#- Means of different customers can differ in the last bit where they are equal. -#}
{% macro is_high(number, crosshair) -%}
    {{ number }} >= {{ crosshair }} - 1e-9
{%- endmacro %}

{% macro is_on(number, crosshair) -%}
    coalesce(abs({{ number }} - {{ crosshair }}) < 1e-9, false)
{%- endmacro %}

{#- Where an axis is cut, over the attributes of a group: an aggregate, as the variable `ipa_crosshair` says. -#}
{% macro crosshair(number) -%}
    {%- set kind = var("ipa_crosshair") -%}
    {#- The linter knows neither variables nor exceptions. -#}
    {%- if exceptions is defined and kind not in ["mean", "median", "scale_mid"] -%}
        {{ exceptions.raise_compiler_error("ipa_crosshair is mean, median or scale_mid, not " ~ kind) }}
    {%- endif -%}
    {%- if kind == "scale_mid" -%}
        cast(50 as double)
    {%- elif kind == "median" -%}
        cast(median({{ number }}) as double)
    {%- else -%}
        {{ exact_avg(number) }}
    {%- endif -%}
{%- endmacro %}

{#-
    The diagonal model: importance less performance, both in points of 100. Above 0 an attribute matters more than it is
    done well; the higher, the sooner to act.
-#}
{% macro diagonal_priority(importance, performance) -%}
    {{ importance }} - {{ performance }}
{%- endmacro %}

{#-
    How far what is delivered agrees with what customers want: 100 less their mean shortfall, attributes counting by their
    importance. NULL unless all attributes of the group have both: what nobody compared must not raise it. An aggregate.
    Formula of this project.
-#}
{% macro alignment_index(importance, shortfall) -%}
    case
        when count({{ importance }} + {{ shortfall }}) = count(*)
            then 100 - {{ safe_divide(
                exact_sum(importance ~ " * " ~ shortfall), exact_sum(importance)
            ) }}
    end
{%- endmacro %}
