{#-
    Prior of empirical-Bayes shrinkage: what all groups of a kind say together, by ANOVA moments. One row per `by`:
    prior_groups, prior_mean, prior_within_variance (mean square within groups, NULL where no group has two) and
    prior_between_variance (of the groups' true means, never negative).

    `relation` has one row per group, with its size n, the exact total of its values and of their squares. For shares
    the square total is the total itself: the square of a yes is a yes.
    Source: Efron & Morris.
-#}
{% macro prior(relation, by, n, total, square_total) -%}
    with
    group_sums as (
        select
            {{ by | join(", ") }},
            count(*) as prior_groups,
            cast(sum({{ n }}) as double) as total_n,
            cast(sum(cast({{ n }} as decimal(18, 0)) * {{ n }}) as double) as total_n_square,
            cast(sum({{ total }}) as double) as grand_total,
            cast(sum({{ square_total }}) as double) as grand_square_total,
            cast(sum(cast({{ safe_divide(total ~ " * " ~ total, n) }} as decimal(38, 9))) as double) as between_total
        from {{ relation }}
        where {{ n }} > 0
        group by {{ by | join(", ") }}
    ),

    mean_squares as (
        select
            *,
            grand_total / total_n as prior_mean,
            {{ not_negative(safe_divide("grand_square_total - between_total", "total_n - prior_groups")) }} as within_square,
            {{ safe_divide("between_total - grand_total * grand_total / total_n", "prior_groups - 1") }} as between_square,
            {{ safe_divide("total_n - total_n_square / total_n", "prior_groups - 1") }} as usual_n
        from group_sums
    )

    select
        {{ by | join(", ") }},
        prior_groups,
        prior_mean,
        within_square as prior_within_variance,
        {{ not_negative(safe_divide("between_square - within_square", "usual_n")) }} as prior_between_variance
    from mean_squares
{%- endmacro %}

{% macro not_negative(number) -%}
    case when {{ number }} < 0 then 0 else {{ number }} end
{%- endmacro %}

{#-
    A group's mean drawn towards the prior, more so the fewer its n. The mean itself for fewer than three groups or
    without variance inside them; the prior for a group of nobody. Needs the columns of `prior` in scope.
-#}
{% macro shrunk_mean(mean, n) -%}
    case
        when prior_groups < 3 or coalesce(prior_within_variance, 0) = 0 then {{ mean }}
        when {{ n }} = 0 then prior_mean
        else ({{ n }} * prior_between_variance * {{ mean }} + prior_within_variance * prior_mean)
            / ({{ n }} * prior_between_variance + prior_within_variance)
    end
{%- endmacro %}

{#-
    A group's share, `total` yes of n, with the prior worth M = μ(1 - μ) / τ² - 1 further answers (never fewer than
    none). Without variance between the groups each gets the prior; the rest as in `shrunk_mean`. `whole` is 1 where a
    yes counts as 1, 100 where it counts as 100 percent.
-#}
{% macro shrunk_share(total, n, whole=1) -%}
    {%- set weight = not_negative(
        safe_divide("prior_mean * (" ~ whole ~ " - prior_mean)", "prior_between_variance") ~ " - 1"
    ) -%}
    case
        when prior_groups < 3 or coalesce(prior_within_variance, 0) = 0 then {{ safe_divide(total, n) }}
        when {{ n }} = 0 or prior_between_variance = 0 then prior_mean
        else ({{ total }} + prior_mean * ({{ weight }})) / ({{ n }} + ({{ weight }}))
    end
{%- endmacro %}
