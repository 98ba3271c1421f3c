with

responses as (
    select * from {{ ref("int_satisfaction_responses_indexed") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

segment_sums as (
    select
        segments.segment_key,
        periods.period_grain,
        periods.period_start,
        count(*) as n,
    {% for item in ["overall_score", "disconfirmation_score", "ideal_score", "satisfaction_index"] -%}
    sum({{ exact("responses." ~ item) }}) as {{ item }}_total,
    sum({{ exact("responses." ~ item) }} * {{ exact("responses." ~ item) }})
        as {{ item }}_square_total{{ "," if not loop.last }}
    {% endfor %}
    from responses
    inner join segments on responses.customer_key = segments.customer_key
    inner join periods
        on cast(responses.submitted_at as date) between periods.period_start and periods.period_end
    group by 1, 2, 3
),

item_variances as (
    select
        segment_key,
        period_grain,
        period_start,
        {{ sample_variance("n", "overall_score_total", "overall_score_square_total") }}
        + {{ sample_variance("n", "disconfirmation_score_total", "disconfirmation_score_square_total") }}
        + {{ sample_variance("n", "ideal_score_total", "ideal_score_square_total") }} as variance_of_items,
        {{ sample_variance("n", "satisfaction_index_total", "satisfaction_index_square_total") }} as variance_of_index
    from segment_sums
)

select
    segment_key,
    period_grain,
    period_start,
    -- The index is the mean of three items: their sum varies nine times as much.
    {{ cronbach_alpha(3, "variance_of_items", "(9 * variance_of_index)") }} as cronbach_alpha
from item_variances
