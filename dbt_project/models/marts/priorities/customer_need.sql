with

customer_scores as (
    select *
    from {{ ref("int_attribute_groups_averaged") }}
    where group_kind = 'need'
),

needs as (
    select * from {{ ref("need") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

segment_customers as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customer_scores.*
    from customer_scores
    inner join segments on customer_scores.customer_key = segments.customer_key
),

averaged as (
    select
        group_code as need_code,
        segment_key,
        period_grain,
        period_start,
        {{ score_moments("experience_score") }},
        {{ exact_averages([
            "expectation_score", "importance_score", "gap_score", "shortfall_score", "attribute_coverage"
        ]) }},
        count(gap_score) as n_compared,
        count(case when gap_direction = 'shortfall' then 1 end) as n_unmet
    from segment_customers
    group by 1, 2, 3, 4
),

contexts as (
    select distinct segment_key, segment_type, segment_value, period_grain, period_start, period_end, period_is_complete
    from segment_customers
),

-- Four rows a segment and period, whether or not anybody was asked.
segment_moments as (
    select
        needs.need_code,
        needs.name as need_name,
        contexts.segment_key,
        contexts.segment_type,
        contexts.segment_value,
        contexts.period_grain,
        contexts.period_start,
        contexts.period_end,
        contexts.period_is_complete,
        coalesce(averaged.n_responses, 0) as n_responses,
        coalesce(averaged.n_customers, 0) as n_customers,
        coalesce(averaged.score_total, 0) as score_total,
        coalesce(averaged.score_square_total, 0) as score_square_total,
        averaged.expectation_score,
        averaged.importance_score,
        averaged.gap_score,
        averaged.shortfall_score,
        averaged.attribute_coverage,
        coalesce(averaged.n_compared, 0) as n_compared,
        coalesce(averaged.n_unmet, 0) as n_unmet
    from contexts
    cross join needs
    left join averaged
        on
            needs.need_code = averaged.need_code
            and contexts.segment_key = averaged.segment_key
            and contexts.period_grain = averaged.period_grain
            and contexts.period_start = averaged.period_start
),

estimated as (
    {{ metric_block("segment_moments", interval="mean", by=["need_code"]) | indent(4) }}
),

weighed as (
    select
        *,
        {{ safe_divide(
            "importance_score",
            "sum(" ~ exact("importance_score") ~ ") over (partition by segment_key, period_grain, period_start)"
        ) }} as importance_share,
        importance_score / 100 * shortfall_score as priority_score
    from estimated
),

final as (
    select
        need_code,
        need_name,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        n_customers > 0 as has_data,
        estimate as fulfilment_score,
        expectation_score,
        gap_score,
        shortfall_score as shortfall_mean,
        n_compared,
        n_unmet,
        {{ safe_divide("n_unmet", "n_compared") }} as share_unmet,
        importance_score as importance,
        importance_share,
        attribute_coverage,
        priority_score,
        case
            when priority_score is not null
                then
                    cast(
                        row_number() over (
                            partition by segment_key, period_grain, period_start
                            order by priority_score desc nulls last, need_code
                        ) as integer
                    )
        end as rank,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() }}
    from weighed
)

select * from final
