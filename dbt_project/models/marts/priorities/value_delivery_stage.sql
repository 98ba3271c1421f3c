{% set context = "segment_key, period_grain, period_start" %}

with

customer_scores as (
    select *
    from {{ ref("int_attribute_groups_averaged") }}
    where group_kind = 'stage'
),

attribute_gaps as (
    select *
    from {{ ref("satisfaction_gap") }}
    where period_grain in ('quarter', 'year', 'trailing_12m') and attribute_code <> 'overall'
),

attribute_importance as (
    select * from {{ ref("int_importance_performance") }}
),

attributes as (
    select * from {{ ref("dim_attribute") }}
),

complaints as (
    select * from {{ ref("int_stage_complaints") }}
),

stages as (
    select * from {{ ref("value_stage") }}
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
        group_code as stage_code,
        segment_key,
        period_grain,
        period_start,
        {{ score_moments("experience_score") }},
        {{ exact_averages(["expectation_score", "importance_score", "gap_score"]) }},
        count(gap_score) as n_compared
    from segment_customers
    group by 1, 2, 3, 4
),

weighed_attributes as (
    select
        attributes.stage_code,
        attribute_gaps.segment_key,
        attribute_gaps.period_grain,
        attribute_gaps.period_start,
        attribute_importance.importance_stated,
        attribute_gaps.shortfall_mean
    from attribute_gaps
    inner join attributes on attribute_gaps.attribute_code = attributes.attribute_code
    left join attribute_importance
        on
            attribute_gaps.attribute_code = attribute_importance.attribute_code
            and attribute_gaps.segment_key = attribute_importance.segment_key
            and attribute_gaps.period_grain = attribute_importance.period_grain
            and attribute_gaps.period_start = attribute_importance.period_start
    where attributes.stage_code is not null
),

stage_alignments as (
    select
        stage_code,
        {{ context }},
        count(*) as n_attributes,
        {{ alignment_index("importance_stated", "shortfall_mean") | indent(8) }} as alignment_index
    from weighed_attributes
    group by stage_code, {{ context }}
),

alignments as (
    select
        {{ context }},
        {{ alignment_index("importance_stated", "shortfall_mean") | indent(8) }} as overall_alignment_index
    from weighed_attributes
    group by {{ context }}
),

contexts as (
    select distinct segment_key, segment_type, segment_value, period_grain, period_start, period_end, period_is_complete
    from segment_customers
),

-- Six rows a segment and period, whether or not anything is known of a stage.
segment_moments as (
    select
        stages.stage_code,
        stages.stage_number,
        stages.name as stage_name,
        stages.value_phase,
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
        coalesce(averaged.n_compared, 0) as n_compared,
        coalesce(stage_alignments.n_attributes, 0) as n_attributes,
        stage_alignments.alignment_index,
        alignments.overall_alignment_index,
        coalesce(complaints.n_complaints, 0) as n_complaints
    from contexts
    cross join stages
    left join averaged
        on
            stages.stage_code = averaged.stage_code
            and contexts.segment_key = averaged.segment_key
            and contexts.period_grain = averaged.period_grain
            and contexts.period_start = averaged.period_start
    left join stage_alignments
        on
            stages.stage_code = stage_alignments.stage_code
            and contexts.segment_key = stage_alignments.segment_key
            and contexts.period_grain = stage_alignments.period_grain
            and contexts.period_start = stage_alignments.period_start
    left join alignments
        on
            contexts.segment_key = alignments.segment_key
            and contexts.period_grain = alignments.period_grain
            and contexts.period_start = alignments.period_start
    left join complaints
        on
            stages.stage_code = complaints.stage_code
            and contexts.segment_key = complaints.segment_key
            and contexts.period_grain = complaints.period_grain
            and contexts.period_start = complaints.period_start
),

estimated as (
    {{ metric_block("segment_moments", interval="mean", by=["stage_code"]) | indent(4) }}
),

final as (
    select
        stage_code,
        cast(stage_number as integer) as stage_number,
        stage_name,
        value_phase,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        n_customers > 0 as has_data,
        estimate as stage_score,
        expectation_score,
        gap_score,
        n_compared,
        importance_score as importance,
        cast(n_attributes as integer) as n_attributes,
        n_complaints as complaints,
        {{ safe_divide("n_complaints", "sum(n_complaints) over (partition by " ~ context ~ ")") }} as complaint_share,
        alignment_index,
        overall_alignment_index,
        case
            when estimate is not null
                then
                    cast(
                        row_number() over (
                            partition by {{ context }} order by estimate nulls last, stage_number
                        ) as integer
                    )
        end as weakest_rank,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() }}
    from estimated
)

select * from final
