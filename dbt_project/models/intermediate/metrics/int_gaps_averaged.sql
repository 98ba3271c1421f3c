{% set measures = [
    "delivered_score", "experience_score", "expectation_score", "gap_score", "shortfall_score",
    "share_shortfall", "share_met", "share_exceeded", "share_expected_at_max",
    "desired_score", "adequate_score", "zone_of_tolerance", "adequacy_score", "superiority_score",
    "share_below_zone", "share_within_zone", "share_above_zone", "importance_score",
    "expected_raw", "delivered_raw", "gap_raw",
] %}
{% set scales = ["expected_scale", "delivered_scale"] %}
{% set observed = [
    "gap_type", "customer_key", "respondent_key", "attribute_code", "submitted_date",
    "zot_state", "is_zone_inverted", "is_unpaired_expectation",
] + scales + measures %}

with

gaps as (
    select * from {{ ref("fct_value_gap") }}
),

unpaired_expectations as (
    select * from {{ ref("int_unpaired_expectations") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

-- Experience and expectation are kept for pairs only, so that their difference is the gap; delivered_score is of all.
experienced as (
    select
        gap_type,
        customer_key,
        respondent_key,
        attribute_code,
        cast(submitted_at as date) as submitted_date,
        delivered_score,
        gap_score,
        shortfall_score,
        gap_raw,
        case when gap_score is not null then delivered_score end as experience_score,
        case when gap_score is not null then expected_score end as expectation_score,
        case when gap_raw is not null then expected_raw end as expected_raw,
        case when gap_raw is not null then delivered_raw end as delivered_raw,
        case when gap_direction = 'shortfall' then 1 when gap_score is not null then 0 end as share_shortfall,
        case when gap_direction = 'met' then 1 when gap_score is not null then 0 end as share_met,
        case when gap_direction = 'exceeded' then 1 when gap_score is not null then 0 end as share_exceeded,
        case when gap_score is null then null when expected_score >= 100 then 1 else 0 end as share_expected_at_max,
        case when zot_state is not null then desired_score end as desired_score,
        case when zot_state is not null then adequate_score end as adequate_score,
        zone_of_tolerance,
        adequacy_score,
        superiority_score,
        case when zot_state = 'below' then 1 when zot_state is not null then 0 end as share_below_zone,
        case when zot_state = 'within' then 1 when zot_state is not null then 0 end as share_within_zone,
        case when zot_state = 'above' then 1 when zot_state is not null then 0 end as share_above_zone,
        importance_score,
        case when gap_score is not null then coalesce(expected_scale_code, 'several') end as expected_scale,
        coalesce(delivered_scale_code, 'several') || ' ' || coalesce(cast(scale_version as varchar), '1')
            as delivered_scale,
        zot_state,
        is_zone_inverted,
        false as is_unpaired_expectation
    from gaps
    where gap_type in ('satisfaction', 'value')
),

only_expected as (
    select
        gap_type,
        customer_key,
        respondent_key,
        attribute_code,
        cast(submitted_at as date) as submitted_date,
        {% for measure in measures -%}
        cast(null as double) as {{ measure }},
        {% endfor -%}
        {% for scale in scales -%}
        cast(null as varchar) as {{ scale }},
        {% endfor -%}
        cast(null as varchar) as zot_state,
        false as is_zone_inverted,
        true as is_unpaired_expectation
    from unpaired_expectations
),

observed as (
    select {{ observed | join(", ") }}
    from experienced
    union all
    select {{ observed | join(", ") }}
    from only_expected
),

respondent_scores as (
    select
        observed.gap_type,
        observed.customer_key,
        observed.respondent_key,
        observed.attribute_code,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        count(observed.delivered_score) as n_experiences,
        count(observed.gap_score) as n_pairs,
        count(observed.zot_state) as n_zones,
        sum(case when observed.is_zone_inverted then 1 else 0 end) as n_zones_inverted,
        sum(case when observed.is_unpaired_expectation then 1 else 0 end) as n_unpaired_expectations,
        {% for scale in scales -%}
        min(observed.{{ scale }}) as {{ scale }}_from,
        max(observed.{{ scale }}) as {{ scale }}_to,
        {% endfor -%}
        {{ exact_averages(measures) }}
    from observed
    inner join periods
        on observed.submitted_date between periods.period_start and periods.period_end
    where observed.customer_key is not null
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

customer_scores as (
    select
        gap_type,
        customer_key,
        attribute_code,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {% for count in ["n_experiences", "n_pairs", "n_zones", "n_zones_inverted", "n_unpaired_expectations"] -%}
        cast(sum({{ count }}) as bigint) as {{ count }},
        {% endfor -%}
        {% for scale in scales -%}
        min({{ scale }}_from) as {{ scale }}_from,
        max({{ scale }}_to) as {{ scale }}_to,
        {% endfor -%}
        {{ exact_averages(measures) }}
    from respondent_scores
    group by 1, 2, 3, 4, 5, 6, 7
)

select * from customer_scores
