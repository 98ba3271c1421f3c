{#-
    Whole months of an ISO 8601 duration of years and months (P1M, P12M, P1Y, P1Y6M). NULL for any other text, and for
    days and weeks: they are no number of months.
-#}
{% macro months_of_duration(duration) -%}
    {{ return(adapter.dispatch("months_of_duration")(duration)) }}
{%- endmacro %}

{% macro default__months_of_duration(duration) -%}
    {%- set text = "upper(trim(" ~ duration ~ "))" -%}
    case
        when regexp_matches({{ text }}, '^P([0-9]{1,3}Y)?([0-9]{1,4}M)?$')
            then
                nullif(
                    12 * coalesce(try_cast(regexp_extract({{ text }}, '([0-9]+)Y', 1) as integer), 0)
                    + coalesce(try_cast(regexp_extract({{ text }}, '([0-9]+)M', 1) as integer), 0),
                    0
                )
    end
{%- endmacro %}
