{#-
    Four ways to grow: revenue is customers × orders a customer × units an order × revenue a unit. `lever_effect` is
    the exact Shapley value of the factor called `of`: what its change brought, averaged over all orders in which the
    four could have changed, so that the four add up to the change. `prior` and `current` map the names of the factors
    to columns. Holds for negative revenue too. Source: Shapley 1953.
-#}
{% macro lever_effect(of, prior, current) -%}
    {%- set others = prior.keys() | reject("equalto", of) | list -%}
    {%- set before = [] -%}
    {%- set after = [] -%}
    {%- for other in others -%}
        {%- do before.append(prior[other]) -%}
        {%- do after.append(current[other]) -%}
    {%- endfor -%}
    {%- set some_changed = [] -%}
    {%- for changed in others -%}
        {%- set one = [] -%}
        {%- set two = [] -%}
        {%- for other in others -%}
            {%- do one.append((current if other == changed else prior)[other]) -%}
            {%- do two.append((prior if other == changed else current)[other]) -%}
        {%- endfor -%}
        {%- do some_changed.append(one | join(" * ")) -%}
        {%- do some_changed.append(two | join(" * ")) -%}
    {%- endfor -%}
    ({{ current[of] }} - {{ prior[of] }}) * (
        ({{ before | join(" * ") }} + {{ after | join(" * ") }}) / 4
        + ({{ some_changed | join(" + ") }}) / 12
    )
{%- endmacro %}

{#-
    Logarithmic mean of two revenues, the weight of a product in the LMDI-I: (a - b) / ln(a / b), a where both are
    equal, 0 where one of them is 0. Source: Ang 2004; zero values: Ang, Zhang & Choi 1998.
-#}
{% macro logarithmic_mean(a, b) -%}
    case
        when {{ a }} <= 0 or {{ b }} <= 0 then 0
        when {{ a }} = {{ b }} then {{ a }}
        else {{ safe_divide(a ~ " - " ~ b, "ln(" ~ safe_divide(a, b) ~ ")") }}
    end
{%- endmacro %}

{#-
    What the change of one product's factor brought: its weight times ln(current / prior). The factors of a product
    are units of all products (volume), its share of them (mix) and its revenue a unit (price).
-#}
{% macro lmdi_effect(weight, prior, current) -%}
    case
        when {{ prior }} > 0 and {{ current }} > 0
            then ({{ weight }}) * ln({{ safe_divide(current, prior) }})
        else 0
    end
{%- endmacro %}

{#- Sum of amounts that does not depend on the order of the rows; nine decimals, up to 10^19. -#}
{% macro exact_amount_sum(expression) -%}
    cast(sum(cast({{ expression }} as decimal(28, 9))) as double)
{%- endmacro %}

{#-
    Effects in cents that add up to the change: each is rounded, and the cents lost or won by rounding go to the
    effect that is largest in size, the first named among equals. Gives one column per effect under its own name.
-#}
{% macro effects_in_cents(effects, change) -%}
    {%- set rounded = [] -%}
    {%- for effect in effects -%}
        {%- do rounded.append("cast(round(" ~ effect ~ ", 2) as decimal(18, 2))") -%}
    {%- endfor -%}
    {%- for effect in effects -%}
    {%- set own = loop.index0 -%}
    cast(
        {{ rounded[own] }}
        + case
            when {% for other in effects if other != effect -%}
                {{ "and " if not loop.first }}abs({{ effect }}) {{ ">" if effects.index(other) < own else ">=" }} abs({{ other }})
                {% endfor -%}
                then {{ change }} - ({{ rounded | join(" + ") }})
            else 0
        end as decimal(18, 2)
    ) as {{ effect }}{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}
