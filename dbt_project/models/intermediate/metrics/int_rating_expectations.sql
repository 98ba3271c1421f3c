{#- Widest last: a kind of ticket with few ratings is compared with the next wider one. #}
{% set strata = [
    ["source", "topic_code", "priority", "channel"],
    ["source", "topic_code", "priority"],
    ["source", "topic_code"],
    ["source"],
] %}

with

ratings as (
    select * from {{ ref("int_ticket_ratings") }}
),

agents as (
    select * from {{ ref("int_agents") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

attributed as (
    select
        ratings.rating_id,
        ratings.ticket_id,
        ratings.customer_key,
        agents.agent_key,
        agents.team_id,
        ratings.attribution_weight,
        ratings.score_pomp,
        ratings.effort_score,
        cast(ratings.rated_at as date) as rated_on,
        ratings.source,
        coalesce(ratings.channel, 'unknown') as channel,
        coalesce(ratings.priority, 'unknown') as priority,
        coalesce(ratings.topic_code, 'unknown') as topic_code
    from ratings
    inner join agents on ratings.agent_key = agents.agent_key
    where not agents.is_bot and ratings.score_pomp is not null
),

-- What is expected of a month is learnt from the twelve months that end with it: a month alone has too few of a kind.
learnt_from as (
    select
        attributed.*,
        periods.period_grain,
        periods.period_start,
        attributed.rated_on >= periods.period_start as is_in_period
    from attributed
    inner join periods
        on
            attributed.rated_on > {{ months_after("periods.period_end", -12) }}
            and attributed.rated_on <= periods.period_end
    where periods.period_grain in ('month', 'trailing_12m')
),

stratified as (
    select
        *,
        {% for stratum in strata -%}
        {%- set window = "over (partition by period_grain, period_start, " ~ stratum | join(", ") ~ ")" -%}
        count(*) {{ window }} as n_{{ loop.index }},
        {{ safe_divide(
            "sum(" ~ exact("attribution_weight") ~ " * " ~ exact("score_pomp") ~ ") " ~ window,
            "sum(" ~ exact("attribution_weight") ~ ") " ~ window
        ) }} as rate_{{ loop.index }},
        {% endfor -%}
        {{ safe_divide(
            "sum(" ~ exact("attribution_weight") ~ " * " ~ exact("score_pomp") ~ ") over everybody",
            "sum(" ~ exact("attribution_weight") ~ ") over everybody"
        ) }} as overall_score
    from learnt_from
    window everybody as (partition by period_grain, period_start)
),

compared as (
    select
        *,
        case
            {%- for stratum in strata[:-1] %}
            when n_{{ loop.index }} >= {{ var("min_n_stratum") }} then rate_{{ loop.index }}
            {%- endfor %}
            else rate_{{ strata | length }}
        end as stratum_rate,
        case
            {%- for stratum in strata[:-1] %}
            when n_{{ loop.index }} >= {{ var("min_n_stratum") }} then '{{ stratum | join(" × ") }}'
            {%- endfor %}
            else '{{ strata[-1] | join(" × ") }}'
        end as stratum_level
    from stratified
),

-- A kind that falls back on a wider one counts twice over in it: set back so that all together expect what all got.
balanced as (
    select
        *,
        stratum_rate * overall_score * coalesce({{ safe_divide(
            "sum(" ~ exact("attribution_weight") ~ ") over everybody",
            "sum(" ~ exact("attribution_weight") ~ " * " ~ exact("round(stratum_rate, 6)") ~ ") over everybody"
        ) }}, 1) as expected_score
    from compared
    window everybody as (partition by period_grain, period_start)
),

final as (
    select
        rating_id,
        ticket_id,
        customer_key,
        agent_key,
        team_id,
        period_grain,
        period_start,
        attribution_weight,
        score_pomp,
        effort_score,
        overall_score,
        round(expected_score, 6) as expected_score,
        stratum_level
    from balanced
    where is_in_period
)

select * from final
