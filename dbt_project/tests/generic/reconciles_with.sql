{#-
    Fails unless an aggregate of this model equals an aggregate of another one: the guard against joins that
    multiply or lose rows. `expression` and `to_expression` are sums or counts; a sum of nothing is 0.
-#}
{% test reconciles_with(model, expression, to_model, to_expression=none, filter=none, to_filter=none) %}
with
this_side as (
    select coalesce({{ expression }}, 0) as measure
    from {{ model }}
    {%- if filter %}
    where {{ filter }}
    {%- endif %}
),

other_side as (
    select coalesce({{ to_expression or expression }}, 0) as measure
    from {{ to_model }}
    {%- if to_filter %}
    where {{ to_filter }}
    {%- endif %}
)

select
    this_side.measure,
    other_side.measure as expected
from this_side
cross join other_side
where this_side.measure <> other_side.measure
{% endtest %}
