with

ratings as (
    select * from {{ ref("int_rating_expectations") }}
),

scopes as (
    select * from {{ ref("int_agent_scopes") }}
),

sums as (
    select
        scopes.scope_key,
        scopes.scope_type,
        ratings.period_grain,
        ratings.period_start,
        cast(count(distinct ratings.rating_id) as bigint) as n_ratings,
        cast(count(distinct ratings.ticket_id) as bigint) as n_rated_tickets,
        cast(count(distinct ratings.customer_key) as bigint) as n_customers,
        max(ratings.overall_score) as overall_score,
        cast(sum({{ exact("attribution_weight") }}) as double) as attributed_ratings,
        {% set weight = exact("attribution_weight") -%}
        {% set score = exact("score_pomp") -%}
        {% set expected = exact("expected_score") -%}
        cast(sum({{ weight }} * {{ score }}) as double) as observed,
        cast(sum({{ weight }} * {{ expected }}) as double) as expected,
        cast(sum({{ exact("attribution_weight * score_pomp * score_pomp") }}) as double) as observed_square,
        cast(sum({{ exact("attribution_weight * score_pomp * expected_score") }}) as double) as product,
        cast(sum({{ exact("attribution_weight * expected_score * expected_score") }}) as double)
            as expected_square,
        {{ exact_avg("effort_score") }} as effort_score
    from ratings
    inner join scopes on ratings.agent_key = scopes.agent_key
    group by 1, 2, 3, 4
),

standardized as (
    select
        *,
        {{ safe_divide("observed", "attributed_ratings") }} as csat_raw,
        {{ safe_divide("observed_square - observed * observed / attributed_ratings", "attributed_ratings - 1") }}
            as raw_variance,
        {{ case_mix_adjusted("overall_score", "observed", "expected") }} as csat_standardized,
        power({{ safe_divide("overall_score * attributed_ratings", "expected") }}, 2)
        * ({{ ratio_residual_variance(
            "attributed_ratings", "observed", "expected", "observed_square", "product", "expected_square"
        ) }}) as adjusted_variance
    from sums
),

totalled as (
    select
        *,
        csat_standardized * n_ratings as adjusted_total,
        csat_standardized * csat_standardized * n_ratings + coalesce(adjusted_variance, 0) * (n_ratings - 1)
            as adjusted_square_total
    from standardized
),

peers as (
    select
        scope_type,
        period_grain,
        period_start,
        n_ratings,
        cast(adjusted_total as decimal(28, 6)) as adjusted_total,
        cast(adjusted_square_total as decimal(28, 6)) as adjusted_square_total
    from totalled
    where csat_standardized is not null
),

agent_prior as (
    {{ prior(
        "peers", ["scope_type", "period_grain", "period_start"], "n_ratings", "adjusted_total", "adjusted_square_total"
    ) | indent(4) }}
),

t_values as (
    {{ t_quantiles("totalled", "n_ratings - 1") | indent(4) }}
),

critical as (
    select {{ critical_z() }} as z
),

shrunk as (
    select
        totalled.*,
        sqrt({{ safe_divide(not_negative("raw_variance"), "attributed_ratings") }}) * t_values.t_quantile as raw_reach,
        sqrt({{ safe_divide("adjusted_variance", "attributed_ratings") }}) * t_values.t_quantile as standardized_reach,
        {{ shrunk_mean("csat_standardized", "n_ratings") }} as csat_adjusted,
        sqrt({{ shrunk_variance("n_ratings") }}) * critical.z as adjusted_reach
    from totalled
    left join agent_prior  -- there is none where nobody was rated better than the worst there is
        on
            totalled.scope_type = agent_prior.scope_type
            and totalled.period_grain = agent_prior.period_grain
            and totalled.period_start = agent_prior.period_start
    left join t_values on totalled.n_ratings - 1 = t_values.degrees_of_freedom
    cross join critical
),

final as (
    select
        scope_key,
        scope_type,
        period_grain,
        period_start,
        n_ratings,
        n_rated_tickets,
        n_customers,
        attributed_ratings,
        observed,
        expected,
        overall_score,
        {% for score, reach in {
            "csat_raw": "raw_reach", "csat_standardized": "standardized_reach", "csat_adjusted": "adjusted_reach"
        }.items() -%}
        {{ score }},
        {{ clip(score ~ " - " ~ reach, 0, 100) }} as {{ score }}_low,
        {{ clip(score ~ " + " ~ reach, 0, 100) }} as {{ score }}_high,
        {% endfor -%}
        effort_score
    from shrunk
)

select * from final
