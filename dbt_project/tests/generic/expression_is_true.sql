{#- Fails where the expression is false. Where it is NULL it says nothing, as a SQL check constraint does. -#}
{% test expression_is_true(model, expression) %}
select *
from {{ model }}
where not ({{ expression }})
{% endtest %}
