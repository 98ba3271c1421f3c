{#- NaN and infinity pass `not_null`, sort above every number and poison each average they enter. -#}
{% test is_finite(model, column_name) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is not null and not isfinite({{ column_name }})
{% endtest %}
