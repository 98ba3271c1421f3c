with

customer_themes as (
    select * from {{ ref("int_themes_by_customer") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

segment_themes as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customer_themes.*,
        row_number() over (
            partition by
                segments.segment_key, customer_themes.theme_code, customer_themes.period_grain,
                customer_themes.period_start
            order by customer_themes.last_submitted_at desc nulls last, customer_themes.last_feedback_id nulls last
        ) as example_rank
    from customer_themes
    inner join segments on customer_themes.customer_key = segments.customer_key
),

summed as (
    select
        theme_code,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        cast(sum(n_mentions) as bigint) as n_mentions,
        sum(weighted_mentions) as weighted_mentions,
        cast(sum(n_tickets) as bigint) as n_tickets,
        cast(sum(n_complaints) as bigint) as n_complaints,
        cast(sum(n_compliments) as bigint) as n_compliments,
        cast(sum(case when n_mentions > 0 then 1 else 0 end) as bigint) as n_customers,
        count(sentiment_score) as n_sentiment_customers,
        {{ exact_avg("sentiment_score") }} as sentiment_mean,
        {{ exact_standard_error("sentiment_score") }} as sentiment_se,
        max(case when example_rank = 1 then last_feedback_id end) as example_1,
        max(case when example_rank = 2 then last_feedback_id end) as example_2,
        max(case when example_rank = 3 then last_feedback_id end) as example_3
    from segment_themes
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

critical_t as (
    {{ t_quantiles("summed", "n_sentiment_customers - 1") | indent(4) }}
),

shared as (
    select
        summed.*,
        critical_t.t_quantile,
        sum(summed.weighted_mentions) over (
            partition by summed.segment_key, summed.period_grain, summed.period_start
        ) as weighted_mentions_of_all_themes
    from summed
    left join critical_t on summed.n_sentiment_customers - 1 = critical_t.degrees_of_freedom
),

final as (
    select
        theme_code,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        n_mentions,
        cast(weighted_mentions as double) as weighted_mentions,
        {{ safe_divide("weighted_mentions", "weighted_mentions_of_all_themes") }} as share,
        n_tickets,
        n_customers,
        n_sentiment_customers,
        sentiment_mean,
        sentiment_se,
        {{ mean_low("sentiment_mean", "sentiment_se", "t_quantile", -1, 1) }} as sentiment_low,
        {{ mean_high("sentiment_mean", "sentiment_se", "t_quantile", -1, 1) }} as sentiment_high,
        n_complaints,
        {{ safe_divide("n_complaints", "n_mentions") }} as complaint_rate,
        n_compliments,
        {{ safe_divide("n_compliments", "n_mentions") }} as compliment_rate,
        example_1,
        example_2,
        example_3,
        n_customers >= {{ var("min_n_publish") }} as is_reportable,
        case
            when n_customers < {{ var("min_n_publish") }} then 'suppressed'
            when n_customers < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() | indent(8) }}
    from shared
)

select * from final
