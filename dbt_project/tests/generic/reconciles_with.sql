{#-
    Fails unless an aggregate of this model equals an aggregate of another one: the guard against joins that
    multiply or lose rows. `expression` and `to_expression` are aggregates, such as `sum(net_amount)`.
-#}
{% test reconciles_with(model, expression, to_model, to_expression=none, filter=none, to_filter=none) %}
with
this_side as (
    select {{ expression }} as measure
    from {{ model }}
    {%- if filter %}
    where {{ filter }}
    {%- endif %}
),

other_side as (
    select {{ to_expression or expression }} as measure
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
where this_side.measure is distinct from other_side.measure
{% endtest %}
