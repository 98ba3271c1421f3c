{% set measures = [
    "delivered_score", "experience_score", "expectation_score", "gap_score", "shortfall_score",
    "share_shortfall", "share_met", "share_exceeded", "share_expected_at_max",
    "expected_raw", "delivered_raw", "gap_raw",
] %}

with

gaps as (
    select * from {{ ref("fct_value_gap") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

-- Experience and expectation are kept for pairs only, so that their difference is the gap; delivered_score is of all.
observed as (
    select
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
        case when gap_score is null then null when expected_score >= 100 then 1 else 0 end as share_expected_at_max
    from gaps
    where
        gap_type = 'satisfaction'
        and customer_key is not null
),

respondent_scores as (
    select
        observed.customer_key,
        observed.respondent_key,
        observed.attribute_code,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        count(*) as n_experiences,
        count(observed.gap_score) as n_pairs,
        {{ exact_averages(measures) }}
    from observed
    inner join periods
        on observed.submitted_date between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5, 6, 7
),

customer_scores as (
    select
        customer_key,
        attribute_code,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        cast(sum(n_experiences) as bigint) as n_experiences,
        cast(sum(n_pairs) as bigint) as n_pairs,
        {{ exact_averages(measures) }}
    from respondent_scores
    group by 1, 2, 3, 4, 5, 6
)

select * from customer_scores
