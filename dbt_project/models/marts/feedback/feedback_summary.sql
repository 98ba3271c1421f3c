with

customer_feedback as (
    select * from {{ ref("int_feedback_by_customer") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

feedback_types as (
    select * from {{ ref("feedback_type") }}
),

preferred as (
    select * from {{ ref("int_preferred_attributes") }}
),

summed as (
    select
        customer_feedback.feedback_type,
        customer_feedback.source,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customer_feedback.period_grain,
        customer_feedback.period_start,
        customer_feedback.period_end,
        customer_feedback.period_is_complete,
        cast(sum(customer_feedback.n_feedback) as bigint) as n_feedback,
        cast(sum(customer_feedback.n_verbatims) as bigint) as n_verbatims,
        cast(sum(customer_feedback.n_complaints) as bigint) as n_complaints,
        cast(sum(customer_feedback.n_compliments) as bigint) as n_compliments,
        cast(sum(customer_feedback.n_judged) as bigint) as n_judged,
        count(*) as n_customers,
        count(customer_feedback.score) as n_scored_customers,
        {{ exact_avg("customer_feedback.score") }} as score,
        {{ exact_standard_error("customer_feedback.score") }} as score_se,
        count(customer_feedback.sentiment_score) as n_sentiment_customers,
        {{ exact_avg("customer_feedback.sentiment_score") }} as sentiment_mean,
        {{ exact_standard_error("customer_feedback.sentiment_score") }} as sentiment_se
    from customer_feedback
    inner join segments on customer_feedback.customer_key = segments.customer_key
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

heard as (
    select distinct
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete
    from summed
),

-- All five types of every group that said anything: what nobody speaks of is a finding too.
listed as (
    select
        feedback_types.feedback_type,
        'all' as source,
        heard.*
    from heard
    cross join feedback_types
    union all
    select
        feedback_type,
        source,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete
    from summed
    where source <> 'all'
),

joined as (
    select
        listed.*,
        coalesce(summed.n_feedback, 0) as n_feedback,
        coalesce(summed.n_verbatims, 0) as n_verbatims,
        coalesce(summed.n_complaints, 0) as n_complaints,
        coalesce(summed.n_compliments, 0) as n_compliments,
        coalesce(summed.n_judged, 0) as n_judged,
        coalesce(summed.n_customers, 0) as n_customers,
        coalesce(summed.n_scored_customers, 0) as n_scored_customers,
        coalesce(summed.n_sentiment_customers, 0) as n_sentiment_customers,
        summed.score,
        summed.score_se,
        summed.sentiment_mean,
        summed.sentiment_se,
        case
            when listed.feedback_type = 'customer_preference' and listed.source in ('all', 'survey')
                then preferred.attribute_code
        end as preference_top_attribute,
        sum(coalesce(summed.n_feedback, 0)) over (
            partition by listed.source, listed.segment_key, listed.period_grain, listed.period_start
        ) as n_feedback_of_all_types
    from listed
    left join summed
        on
            listed.feedback_type = summed.feedback_type
            and listed.source = summed.source
            and listed.segment_key = summed.segment_key
            and listed.period_grain = summed.period_grain
            and listed.period_start = summed.period_start
    left join preferred
        on
            listed.segment_key = preferred.segment_key
            and listed.period_grain = preferred.period_grain
            and listed.period_start = preferred.period_start
),

degrees as (
    select n_scored_customers - 1 as degrees_of_freedom
    from joined
    union
    select n_sentiment_customers - 1 as degrees_of_freedom
    from joined
),

critical_t as (
    {{ t_quantiles("degrees", "degrees_of_freedom") | indent(4) }}
),

final as (
    select
        joined.feedback_type,
        joined.source,
        joined.segment_key,
        joined.segment_type,
        joined.segment_value,
        joined.period_grain,
        joined.period_start,
        joined.period_end,
        joined.period_is_complete,
        joined.n_feedback > 0 as has_data,
        joined.n_feedback,
        {{ safe_divide("joined.n_feedback", "joined.n_feedback_of_all_types") }} as share,
        joined.n_customers,
        joined.n_verbatims,
        joined.n_scored_customers,
        joined.score,
        joined.score_se,
        {{ mean_low("joined.score", "joined.score_se", "score_t.t_quantile", 0, 100) }} as score_low,
        {{ mean_high("joined.score", "joined.score_se", "score_t.t_quantile", 0, 100) }} as score_high,
        joined.n_sentiment_customers,
        joined.sentiment_mean,
        joined.sentiment_se,
        {{ mean_low("joined.sentiment_mean", "joined.sentiment_se", "sentiment_t.t_quantile", -1, 1) }}
            as sentiment_low,
        {{ mean_high("joined.sentiment_mean", "joined.sentiment_se", "sentiment_t.t_quantile", -1, 1) }}
            as sentiment_high,
        joined.n_judged,
        joined.n_complaints,
        {{ safe_divide("joined.n_complaints", "joined.n_judged") }} as complaint_rate,
        joined.n_compliments,
        {{ safe_divide("joined.n_compliments", "joined.n_judged") }} as compliment_rate,
        joined.preference_top_attribute,
        joined.n_customers >= {{ var("min_n_publish") }} as is_reportable,
        case
            when joined.n_customers < {{ var("min_n_publish") }} then 'suppressed'
            when joined.n_customers < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() | indent(8) }}
    from joined
    left join critical_t as score_t on joined.n_scored_customers - 1 = score_t.degrees_of_freedom
    left join critical_t as sentiment_t on joined.n_sentiment_customers - 1 = sentiment_t.degrees_of_freedom
)

select * from final
