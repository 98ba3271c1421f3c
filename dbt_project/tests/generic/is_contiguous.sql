{#- Fails on each day whose day before is missing, the first one apart. -#}
{% test is_contiguous(model, column_name) %}
with days as (
    select
        {{ column_name }} as day,
        lag({{ column_name }}) over (order by {{ column_name }}) as day_before
    from {{ model }}
)

select *
from days
where day_before is not null and {{ days_between("day_before", "day") }} <> 1
{% endtest %}
