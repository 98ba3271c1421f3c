{% set series = ["metric_code", "attribute_code", "period_grain"] %}

with

customer_scores as (
    select * from {{ ref("int_context_scores") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

response_styles as (
    select * from {{ ref("int_response_styles") }}
),

periods as (
    select * from {{ ref("int_periods") }}
    where period_grain in ('quarter', 'year', 'trailing_12m')
),

segment_moments as (
    select
        customer_scores.metric_code,
        customer_scores.attribute_code,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customer_scores.period_grain,
        customer_scores.period_start,
        {{ score_moments("customer_scores.score") }},
        count(customer_scores.z_within_culture) as n_within_culture,
        {{ exact_avg("customer_scores.z_within_culture") }} as gap_z_within_culture
    from customer_scores
    inner join segments on customer_scores.customer_key = segments.customer_key
    group by 1, 2, 3, 4, 5, 6, 7
),

estimated as (
    select
        *,
        {{ safe_divide("score_total", "n_customers") }} as estimate,
        {{ mean_standard_error("n_customers", "score_total", "score_square_total") }} as se
    from segment_moments
),

wholes as (
    select * from estimated
    where segment_key = 'all:all'
),

followed as (
    select
        periods.*,
        earlier.period_start as prior_start
    from periods
    left join periods as earlier
        on
            periods.period_grain = earlier.period_grain
            and periods.period_start = {{ days_after("earlier.period_end", 1) }}
),

-- Who was there before and is gone now has a row as well: it is part of the change.
listed as (
    select metric_code, attribute_code, segment_key, segment_type, segment_value, period_grain, period_start
    from estimated
    union
    select
        estimated.metric_code,
        estimated.attribute_code,
        estimated.segment_key,
        estimated.segment_type,
        estimated.segment_value,
        estimated.period_grain,
        followed.period_start
    from estimated
    inner join followed
        on estimated.period_grain = followed.period_grain and estimated.period_start = followed.prior_start
),

joined as (
    select
        listed.metric_code,
        listed.attribute_code,
        listed.segment_key,
        listed.segment_type,
        listed.segment_value,
        listed.period_grain,
        listed.period_start,
        followed.period_end,
        followed.period_is_complete,
        followed.prior_start,
        estimated.estimate,
        estimated.se,
        coalesce(estimated.n_responses, 0) as n_responses,
        coalesce(estimated.n_customers, 0) as n_customers,
        estimated.gap_z_within_culture,
        coalesce(estimated.n_within_culture, 0) as n_within_culture,
        wholes.estimate as whole_value,
        wholes.se as whole_se,
        wholes.n_customers as n_whole,
        before.estimate as prior_value,
        wholes_before.estimate as prior_whole_value,
        {{ safe_divide("coalesce(estimated.n_customers, 0)", "wholes.n_customers") }} as customer_share,
        {{ safe_divide("coalesce(before.n_customers, 0)", "wholes_before.n_customers") }} as prior_customer_share
    from listed
    inner join followed
        on listed.period_grain = followed.period_grain and listed.period_start = followed.period_start
    inner join wholes
        on
            {% for column in series %}listed.{{ column }} = wholes.{{ column }}
            and {% endfor %}listed.period_start = wholes.period_start
    left join estimated
        on
            {% for column in series %}listed.{{ column }} = estimated.{{ column }}
            and {% endfor %}listed.period_start = estimated.period_start
            and listed.segment_key = estimated.segment_key
    left join estimated as before
        on
            {% for column in series %}listed.{{ column }} = before.{{ column }}
            and {% endfor %}followed.prior_start = before.period_start
            and listed.segment_key = before.segment_key
    left join wholes as wholes_before
        on
            {% for column in series %}listed.{{ column }} = wholes_before.{{ column }}
            and {% endfor %}followed.prior_start = wholes_before.period_start
),

-- A segment that one of the periods lacks has no value in it: that of all customers of the period stands in.
-- Values count by their distance from that of all, so that a share gained by those above it reads as a gain.
centred as (
    select
        *,
        coalesce(prior_value, prior_whole_value) - (whole_value + prior_whole_value) / 2 as prior_distance,
        coalesce(estimate, whole_value) - (whole_value + prior_whole_value) / 2 as distance
    from joined
),

compared as (
    select
        *,
        {{ z_against_whole("estimate", "se", "n_customers", "whole_value", "whole_se", "n_whole") | indent(8) }} as z,
        {{ critical_z() }} as critical,
        {{ rate_effect("prior_customer_share", "customer_share", "prior_distance", "distance") }} as rate_effect,
        {{ mix_effect("prior_customer_share", "customer_share", "prior_distance", "distance") }} as mix_effect
    from centred
),

final as (
    select
        compared.metric_code,
        compared.attribute_code,
        compared.segment_key,
        compared.segment_type,
        compared.segment_value,
        compared.period_grain,
        compared.period_start,
        compared.period_end,
        compared.period_is_complete,
        compared.estimate as metric_value,
        compared.se,
        compared.whole_value as value_of_all,
        compared.estimate - compared.whole_value as gap_vs_all,
        compared.z,
        abs(compared.z) >= compared.critical as is_significant,
        compared.gap_z_within_culture,
        compared.n_within_culture,
        response_styles.acquiescence_share,
        response_styles.extreme_share,
        coalesce(response_styles.n_style_answers, 0) as n_style_answers,
        compared.customer_share,
        case when compared.prior_whole_value is not null then compared.prior_start end as prior_period_start,
        compared.prior_value,
        compared.prior_customer_share,
        compared.whole_value - compared.prior_whole_value as change_of_all,
        compared.rate_effect,
        compared.mix_effect,
        compared.n_responses,
        compared.n_customers,
        compared.n_customers >= {{ var("min_n_publish") }} as is_reportable,
        case
            when compared.n_customers < {{ var("min_n_publish") }} then 'suppressed'
            when compared.n_customers < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() }}
    from compared
    left join response_styles
        on
            compared.segment_key = response_styles.segment_key
            and compared.period_grain = response_styles.period_grain
            and compared.period_start = response_styles.period_start
)

select * from final
