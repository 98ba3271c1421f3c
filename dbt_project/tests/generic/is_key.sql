{#- Fails on a combination that names two rows, and on one that is not complete: `unique` and `not_null` in one pass. -#}
{% test is_key(model, columns) %}
select
    {{ columns | join(", ") }},
    count(*) as n_rows
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1 {% for column in columns %} or {{ column }} is null {% endfor %}
{% endtest %}
