{#-
    Between what a customer would just accept (adequate) and what it wishes for (desired) lies its zone of tolerance;
    all on 0–100. A wish below what is just accepted is a contradiction: nothing is derived from it.
    Sources: Zeithaml, Berry & Parasuraman 1993; Parasuraman, Zeithaml & Berry 1994.
-#}
{% macro is_zone_inverted(desired, adequate) -%}
    coalesce({{ desired }} < {{ adequate }}, false)
{%- endmacro %}

{#- Width of the zone, 0 … 100. -#}
{% macro zone_of_tolerance(desired, adequate) -%}
    case when {{ desired }} >= {{ adequate }} then {{ desired }} - {{ adequate }} end
{%- endmacro %}

{#- Measure of service adequacy (MSA): how far the experience is above what is just accepted, -100 … 100. -#}
{% macro service_adequacy(delivered, desired, adequate) -%}
    case when {{ desired }} >= {{ adequate }} then {{ delivered }} - {{ adequate }} end
{%- endmacro %}

{#- Measure of service superiority (MSS): how far it is above what is wished for, -100 … 100. -#}
{% macro service_superiority(delivered, desired, adequate) -%}
    case when {{ desired }} >= {{ adequate }} then {{ delivered }} - {{ desired }} end
{%- endmacro %}

{#- Where the experience lies: below the zone, within it (its ends included) or above it. -#}
{% macro zone_state(delivered, desired, adequate) -%}
    case
        when {{ desired }} >= {{ adequate }} and {{ delivered }} < {{ adequate }} then 'below'
        when {{ desired }} >= {{ adequate }} and {{ delivered }} > {{ desired }} then 'above'
        when {{ desired }} >= {{ adequate }} and {{ delivered }} is not null then 'within'
    end
{%- endmacro %}
