{#-
    The standard metric block: every row of `moments` with an estimate, its uncertainty and how far to trust it.

    `moments` is a CTE with one row per `by` × segment × period: segment_key, segment_type, period_grain, period_start,
    period_end and the columns of `score_moments`. All its columns are kept. Customers are the unit: each counts once,
    whatever number of answers it gave (weighting `customer_equal`), so n_effective is the number of customers.
    With `response_equal` the unit is what n_responses counts (deals, months of customers), each once.

    interval   estimate        se                interval              shrunk towards the other segments of its type as
    mean       mean score      sd / √n           Student's t           a mean
    share      mean score, %   binomial          Wilson                a share; the score is 0 … `whole`
    nps        net promoters   trinomial         adjusted Wald         a mean; needs promoter_total, detractor_total

    z_vs_prior compares with the period just before, of the same grain; NULL where there is none.
-#}
{% macro metric_block(moments, interval, by=[], low=0, high=100, whole=100, weighting="customer_equal") -%}
    {%- set n = {"customer_equal": "n_customers", "response_equal": "n_responses"}[weighting] -%}
    {%- set peers = by + ["segment_type", "period_grain", "period_start"] -%}
    {%- set series = by + ["segment_key", "period_grain"] -%}
    with
    critical as (
        select {{ critical_z() }} as z
    ),

    critical_t as (
        {{ t_quantiles(moments, n ~ " - 1") | indent(4) }}
    ),

    segment_prior as (
        {{ prior(
            moments, peers, n, "score_total",
            "score_total * " ~ whole if interval == "share" else "score_square_total"
        ) }}
    ),

    estimated as (
        select
            {{ moments }}.*,
            {{ safe_divide("score_total", n) }} as estimate,
            {{ _standard_error(interval, n, whole) }} as se
        from {{ moments }}
    ),

    bounded as (
        select
            estimated.*,
            critical.z,
            critical_t.t_quantile,
            {{ _interval_bounds(interval, low, high, n, whole) }}
        from estimated
        cross join critical
        left join critical_t
            on estimated.{{ n }} - 1 = critical_t.degrees_of_freedom
    ),

    shrunk as (
        select
            bounded.*,
            {{ _shrunk_estimate(interval, n, whole) }} as estimate_shrunk
        from bounded
        left join segment_prior
            on {% for column in peers %}{{ "and " if not loop.first }}bounded.{{ column }} = segment_prior.{{ column }}
            {% endfor %}
    ),

    followed as (
        select
            *,
            lag(estimate) over history as earlier_estimate,
            lag(se) over history as earlier_se,
            lag(period_end) over history as earlier_end
        from shrunk
        window history as (partition by {{ series | join(", ") }} order by period_start)
    ),

    compared as (
        select
            *,
            case
                when {{ days_after("earlier_end", 1) }} = period_start
                    then {{ safe_divide("estimate - earlier_estimate", "sqrt(se * se + earlier_se * earlier_se)") }}
            end as z_vs_prior
        from followed
    )

    select
        *,
        cast({{ n }} as double) as n_effective,
        abs(z_vs_prior) >= z as is_significant,
        n_customers >= {{ var("min_n_publish") }} as is_reportable,
        case
            when n_customers < {{ var("min_n_publish") }} then 'suppressed'
            when n_customers < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        '{{ weighting }}' as weighting
    from compared
{%- endmacro %}

{#- The block's columns in the order every mart publishes them. -#}
{% macro metric_block_columns() -%}
    cast(n_responses as bigint) as n_responses,
    cast(n_customers as bigint) as n_customers,
    n_effective,
    estimate,
    se,
    ci_low,
    ci_high,
    estimate_shrunk,
    z_vs_prior,
    is_significant,
    is_reportable,
    reliability,
    weighting
{%- endmacro %}

{% macro _standard_error(interval, n, whole) -%}
    {%- if interval == "mean" -%}
        {{ mean_standard_error(n, "score_total", "score_square_total") }}
    {%- elif interval == "share" -%}
        {{ whole }} * {{ share_standard_error(safe_divide("score_total", whole ~ " * " ~ n), n) }}
    {%- else -%}
        {{ net_promoter_standard_error("promoter_total", "detractor_total", n) }}
    {%- endif -%}
{%- endmacro %}

{% macro _interval_bounds(interval, low, high, n, whole) -%}
    {%- if interval == "mean" -%}
        {{ mean_low("estimate", "se", "t_quantile", low, high) }} as ci_low,
            {{ mean_high("estimate", "se", "t_quantile", low, high) }} as ci_high
    {%- elif interval == "share" -%}
        {{ whole }} * ({{ wilson_low("(estimate / " ~ whole ~ ")", n, "z") }}) as ci_low,
            {{ whole }} * ({{ wilson_high("(estimate / " ~ whole ~ ")", n, "z") }}) as ci_high
    {%- else -%}
        {{ net_promoter_low("promoter_total", "detractor_total", n, "z") }} as ci_low,
            {{ net_promoter_high("promoter_total", "detractor_total", n, "z") }} as ci_high
    {%- endif -%}
{%- endmacro %}

{% macro _shrunk_estimate(interval, n, whole) -%}
    {%- if interval == "share" -%}
        {{ shrunk_share("score_total", n, whole=whole) }}
    {%- else -%}
        {{ shrunk_mean("estimate", n) }}
    {%- endif -%}
{%- endmacro %}
