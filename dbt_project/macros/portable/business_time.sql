{#-
    What a clock on the wall in `time_zone` (an IANA name, or a column of them) shows at an instant given in UTC. This
    way round there is no hour that does not exist and none that comes twice.
-#}
{% macro wall_clock(at, time_zone) -%}
    {{ return(adapter.dispatch("wall_clock")(at, time_zone)) }}
{%- endmacro %}

{% macro default__wall_clock(at, time_zone) -%}
    timezone({{ time_zone }}, timezone('UTC', {{ at }}))
{%- endmacro %}

{#- The instant `seconds` (a number or a column) after another. -#}
{% macro seconds_after(at, seconds) -%}
    {{ return(adapter.dispatch("seconds_after")(at, seconds)) }}
{%- endmacro %}

{% macro default__seconds_after(at, seconds) -%}
    ({{ at }} + to_seconds({{ seconds }}))
{%- endmacro %}

{#- Minutes since midnight of a time written as HH:MM. -#}
{% macro minutes_of_day(time) -%}
    (cast(split_part({{ time }}, ':', 1) as integer) * 60 + cast(split_part({{ time }}, ':', 2) as integer))
{%- endmacro %}

{#- Whole minutes of seconds; what is left of the last one is dropped. -#}
{% macro whole_minutes(seconds) -%}
    cast(floor(cast({{ seconds }} as double) / 60) as bigint)
{%- endmacro %}

{#-
    Seconds a schedule has been open since its calendar began, at an instant `at` inside the row of
    `int_business_hours` in scope as `hours`. The difference of two of them are the business seconds in between.
-#}
{% macro open_seconds_at(at, hours) -%}
    (
        {{ hours }}.seconds_before
        + {{ seconds_between(hours ~ ".from_at", "least(" ~ at ~ ", " ~ hours ~ ".open_until)") }}
    )
{%- endmacro %}
