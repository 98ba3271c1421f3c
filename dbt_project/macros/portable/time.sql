{#- Whole seconds from one timestamp to a later one (negative if it is earlier). -#}
{% macro seconds_between(start_at, end_at) -%}
    {{ return(adapter.dispatch("seconds_between")(start_at, end_at)) }}
{%- endmacro %}

{% macro default__seconds_between(start_at, end_at) -%}
    cast(date_sub('second', {{ start_at }}, {{ end_at }}) as bigint)
{%- endmacro %}

{#- Calendar days from one date to another. -#}
{% macro days_between(start_date, end_date) -%}
    {{ return(adapter.dispatch("days_between")(start_date, end_date)) }}
{%- endmacro %}

{% macro default__days_between(start_date, end_date) -%}
    cast(date_diff('day', cast({{ start_date }} as date), cast({{ end_date }} as date)) as integer)
{%- endmacro %}

{#- The date `days` (a number or a column) after a date; negative goes back. -#}
{% macro days_after(date, days) -%}
    {{ return(adapter.dispatch("days_after")(date, days)) }}
{%- endmacro %}

{% macro default__days_after(date, days) -%}
    cast(cast({{ date }} as date) + cast({{ days }} as integer) as date)
{%- endmacro %}

{#- The date `months` after a date, the last day of the month where the day does not exist. -#}
{% macro months_after(date, months) -%}
    {{ return(adapter.dispatch("months_after")(date, months)) }}
{%- endmacro %}

{% macro default__months_after(date, months) -%}
    cast(cast({{ date }} as date) + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{#- Whole months from the month of one date to the month of another. -#}
{% macro months_between(start_date, end_date) -%}
    {{ return(adapter.dispatch("months_between")(start_date, end_date)) }}
{%- endmacro %}

{% macro default__months_between(start_date, end_date) -%}
    cast(date_diff('month', cast({{ start_date }} as date), cast({{ end_date }} as date)) as integer)
{%- endmacro %}

{#- Rows of the integers first … last; the bounds may be columns of the relation it is joined to with `cross join`. -#}
{% macro integers_between(first, last) -%}
    {{ return(adapter.dispatch("integers_between")(first, last)) }}
{%- endmacro %}

{% macro default__integers_between(first, last) -%}
    unnest(range(cast({{ first }} as bigint), cast({{ last }} as bigint) + 1))
{%- endmacro %}

{#- Monday is 1, Sunday 7, on every engine. -#}
{% macro iso_day_of_week(date) -%}
    {{ return(adapter.dispatch("iso_day_of_week")(date)) }}
{%- endmacro %}

{% macro default__iso_day_of_week(date) -%}
    cast(isodow({{ date }}) as integer)
{%- endmacro %}
