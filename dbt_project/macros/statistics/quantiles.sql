{#-
    Quantile of the standard normal distribution for a probability known when the project is compiled, such as
    1 - (1 - confidence) / 2. Rational approximation AS 241 (Wichura 1988), relative error about 1e-16.
-#}
{% macro normal_quantile(probability) -%}
    {%- if not 0 < probability < 1 -%}
        {{ exceptions.raise_compiler_error("A probability lies between 0 and 1, not at " ~ probability) }}
    {%- endif -%}
    {%- set q = probability - 0.5 -%}
    {%- set tail = [probability, 1 - probability] | min -%}
    {%- if q | abs <= 0.425 -%}
        (
            select cast({{ q }} as double) * {{ _central_normal_ratio("r") }}
            from (select cast({{ 0.180625 - q * q }} as double) as r) as central
        )
    {%- elif tail >= 1.3887943864964021e-11 -%}
        (
            select {{ "-" if q < 0 }}{{ _tail_normal_ratio("r") }}
            from (select sqrt(-ln(cast({{ tail }} as double))) - 1.6 as r) as tail
        )
    {%- else -%}
        {{ exceptions.raise_compiler_error("No interval needs a normal quantile at " ~ probability) }}
    {%- endif -%}
{%- endmacro %}

{#- The two rational functions of AS 241: within 0.425 of the middle, and in the tails beyond. -#}
{% macro _central_normal_ratio(r) -%}
    {{ polynomial(r, [
        3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
        4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3
    ]) }}
    / {{ polynomial(r, [
        1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
        2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3
    ]) }}
{%- endmacro %}

{% macro _tail_normal_ratio(r) -%}
    {{ polynomial(r, [
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
        1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4
    ]) }}
    / {{ polynomial(r, [
        1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9
    ]) }}
{%- endmacro %}

{#- c0 + c1 x + c2 x² + …, nested so that no power is computed. -#}
{% macro polynomial(x, coefficients) -%}
    {%- set nested = namespace(sql="cast(" ~ coefficients[-1] ~ " as double)") -%}
    {%- for coefficient in coefficients[:-1] | reverse -%}
        {%- set nested.sql = "(" ~ nested.sql ~ " * " ~ x ~ " + cast(" ~ coefficient ~ " as double))" -%}
    {%- endfor -%}
    {{ nested.sql }}
{%- endmacro %}

{#- z that leaves (1 - confidence) / 2 in each tail, for the confidence of the run. -#}
{% macro critical_z() -%}
    {{ normal_quantile(1 - (1 - var("confidence") | float) / 2) }}
{%- endmacro %}

{#-
    One row per number of degrees of freedom found in `relation`: degrees_of_freedom, t_quantile (two-sided, for
    `confidence`, by default the run's). Exact for 1 and 2; above by Hill's expansion (1970, algorithm 396), absolute
    error below 2e-5 everywhere and below 3e-8 from 10 on at confidence 0.95.
-#}
{% macro t_quantiles(relation, degrees_of_freedom, confidence=none) -%}
    {%- set tails = 1 - (var("confidence") if confidence is none else confidence) | float -%}
    with
    wanted as (
        select distinct cast({{ degrees_of_freedom }} as double) as n
        from {{ relation }}
        where {{ degrees_of_freedom }} >= 1
    ),

    scaled as (
        select
            n,
            cast({{ tails }} as double) as p,
            {{ normal_quantile(tails / 2) }} as x,
            1 / (n - 0.5) as a,
            48 * (n - 0.5) * (n - 0.5) as b
        from wanted
    ),

    {{ _hill_expansion("scaled") }}

    select
        cast(n as bigint) as degrees_of_freedom,
        {{ _hill_quantile() | indent(8) }} as t_quantile
    from squared
{%- endmacro %}

{#-
    As `t_quantiles`, for tails that only the data know (the two-sided probability left outside) and for degrees of
    freedom that are fractions, as Welch's are: one row per pair of them in `relation`. Below three degrees the expansion
    is good at whole numbers only: a fraction is rounded down, which widens the interval.
-#}
{% macro t_quantiles_at(relation, degrees_of_freedom, tails) -%}
    with
    normal as (
        {{ normal_quantiles_at(relation, tails) | indent(8) }}
    ),

    wanted as (
        select distinct
            cast({{ degrees_of_freedom }} as double) as degrees_of_freedom,
            cast({{ tails }} as double) as tails
        from {{ relation }}
        where {{ degrees_of_freedom }} >= 1
    ),

    counted as (
        select
            wanted.degrees_of_freedom,
            wanted.tails as p,
            -normal.z as x,
            case
                when wanted.degrees_of_freedom < 3 then floor(wanted.degrees_of_freedom) else wanted.degrees_of_freedom
            end as n
        from wanted
        inner join normal on wanted.tails = normal.tails
    ),

    scaled as (
        select
            *,
            1 / (n - 0.5) as a,
            48 * (n - 0.5) * (n - 0.5) as b
        from counted
    ),

    {{ _hill_expansion("scaled") }}

    select
        degrees_of_freedom,
        p as tails,
        {{ _hill_quantile() | indent(8) }} as t_quantile
    from squared
{%- endmacro %}

{#- z that leaves half of each number `tails` found in `relation` above it: one row per number. -#}
{% macro normal_quantiles_at(relation, tails) -%}
    with
    wanted as (
        select distinct cast({{ tails }} as double) as tails
        from {{ relation }}
        where {{ tails }} > 0 and {{ tails }} < 1
    ),

    rooted as (
        select
            tails,
            0.5 - tails / 2 as q,
            0.180625 - (0.5 - tails / 2) * (0.5 - tails / 2) as central,
            sqrt(-ln(tails / 2)) - 1.6 as tail
        from wanted
    )

    select
        tails,
        case
            when q <= 0.425 then q * {{ _central_normal_ratio("central") }}
            else {{ _tail_normal_ratio("tail") }}
        end as z
    from rooted
{%- endmacro %}

{#- Hill's expansion on columns n, p (two-sided), x (normal quantile at p / 2), a and b. -#}
{% macro _hill_expansion(scaled) -%}
    corrected as (
        select
            *,
            ((20700 * a / b - 98) * a - 16) * a + 96.36 as c
        from {{ scaled }}
    ),

    spread as (
        select
            *,
            ((94.5 / (b + c) - 3) / b + 1) * sqrt(a * pi() / 2) * n as d
        from corrected
    ),

    placed as (
        select
            *,
            power(d * p, 2 / n) as y,
            c + case when n < 5 then 0.3 * (n - 4.5) * (x + 0.6) else 0 end as c_near
        from spread
    ),

    near_normal as (
        select
            *,
            (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c_near as e
        from placed
    ),

    squared as (
        select
            *,
            case
                when y > 0.05 + a
                    then exp(a * power(
                        (((((0.4 * x * x + 6.3) * x * x + 36) * x * x + 94.5) / e - x * x - 3) / b + 1) * x, 2
                    )) - 1
                else
                    (
                        (1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1
                    ) * (n + 1) / (n + 2) + 1 / y
            end as t_square_share
        from near_normal
    )
{%- endmacro %}

{% macro _hill_quantile() -%}
    case
        when n = 1 then 1 / tan(p * pi() / 2)
        when n = 2 then sqrt(2 / (p * (2 - p)) - 2)
        else sqrt(n * t_square_share)
    end
{%- endmacro %}
