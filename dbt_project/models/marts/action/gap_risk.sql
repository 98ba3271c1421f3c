with

gaps as (
    select * from {{ ref("cx_gap") }}
    where gap_to_close > 0
),

exposures as (
    select * from {{ ref("int_gap_exposures") }}
),

subjects as (
    select * from {{ ref("int_metric_subjects") }}
),

attributes as (
    select * from {{ ref("dim_attribute") }}
),

importance as (
    select * from {{ ref("int_segment_importance") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

amounts as (
    select * from {{ ref("int_customer_amounts") }}
),

rules as (
    select * from {{ ref("risk_priority") }}
),

segment_margins as (
    select
        segments.segment_key,
        cast(sum(amounts.margin_12m_amount) as decimal(18, 2)) as margin_amount
    from segments
    inner join amounts on segments.customer_key = amounts.customer_key
    group by segments.segment_key
),

margins as (
    select
        segment_key,
        {{ clip(safe_divide(
            "margin_amount", "max(case when segment_key = 'all:all' then margin_amount end) over ()"
        ), 0, 1) }} as margin_share
    from segment_margins
),

-- A need counts as much as its attributes together; the company as a whole counts whole.
importance_of_subjects as (
    select segment_key, attribute_code as subject_code, importance_share
    from importance
    union all
    select
        importance.segment_key,
        attributes.need_code as subject_code,
        {{ exact_sum("importance.importance_share") }} as importance_share
    from importance
    inner join attributes on importance.attribute_code = attributes.attribute_code
    where attributes.need_code is not null
    group by importance.segment_key, attributes.need_code
    union all
    select segment_key, 'overall' as subject_code, cast(1 as double) as importance_share
    from segment_margins
),

weighed as (
    select
        gaps.gap_id,
        gaps.gap_type,
        gaps.metric_code,
        gaps.attribute_code,
        case
            when gaps.attribute_code = 'all' then coalesce(subjects.subject_code, 'overall')
            else gaps.attribute_code
        end as subject_code,
        gaps.segment_key,
        gaps.segment_type,
        gaps.segment_value,
        gaps.gap_to_close,
        gaps.unit,
        gaps.owner,
        gaps.due_date,
        gaps.status,
        {{ shortfall_points("gaps.gap_to_close", "gaps.unit", "gaps.desired_value") | indent(8) }} as shortfall_points,
        gaps.is_reportable as is_gap_reportable,
        coalesce(exposures.n_observed, 0) as n_observed,
        coalesce(exposures.n_affected, 0) as n_affected,
        coalesce(exposures.n_unsignalled, 0) as n_unsignalled,
        exposures.margin_at_risk_amount,
        exposures.value_at_risk_amount
    from gaps
    left join exposures on gaps.gap_id = exposures.gap_id
    left join subjects on gaps.metric_code = subjects.metric_code
),

explained as (
    select
        weighed.*,
        importance_of_subjects.importance_share,
        margins.margin_share,
        {{ safe_divide("weighed.n_affected", "weighed.n_observed") }} as share_affected,
        {{ safe_divide("weighed.n_unsignalled", "weighed.n_affected") }} as share_unsignalled,
        {{ severity_index(
            "importance_of_subjects.importance_share", "weighed.shortfall_points", "margins.margin_share"
        ) }} as severity_index,
        case
            when weighed.n_observed = 0 then 'not_known_by_customer'
            when not weighed.is_gap_reportable or weighed.n_observed < {{ var("min_n_publish") }}
                then 'too_few_customers'
            when importance_of_subjects.importance_share is null then 'no_importance'
            when margins.margin_share is null then 'no_margin'
            when weighed.shortfall_points is null then 'no_common_unit'
            when weighed.n_affected = 0 then 'nobody_short'
        end as unavailable_reason
    from weighed
    left join importance_of_subjects
        on
            weighed.segment_key = importance_of_subjects.segment_key
            and weighed.subject_code = importance_of_subjects.subject_code
    left join margins on weighed.segment_key = margins.segment_key
),

rated as (
    select
        *,
        case when unavailable_reason is null then {{ risk_rating("severity", "severity_index") }} end as severity,
        case when unavailable_reason is null then {{ risk_rating("occurrence", "share_affected") }} end as occurrence,
        case when unavailable_reason is null then {{ risk_rating("detection", "share_unsignalled") }} end as detection
    from explained
),

prioritised as (
    select
        rated.*,
        {{ risk_priority_number("rated.severity", "rated.occurrence", "rated.detection") }} as rpn,
        rules.action_priority,
        rules.risk_response
    from rated
    left join rules
        on
            rated.severity between rules.severity_from and rules.severity_to
            and rated.occurrence between rules.occurrence_from and rules.occurrence_to
            and rated.detection between rules.detection_from and rules.detection_to
),

ranked as (
    select
        *,
        row_number() over (
            order by
                case action_priority when 'H' then 1 when 'M' then 2 when 'L' then 3 end nulls last,
                severity desc nulls last,
                occurrence desc nulls last,
                shortfall_points * n_affected desc nulls last,
                gap_id
        ) as place,
        row_number() over (
            partition by segment_key
            order by
                case action_priority when 'H' then 1 when 'M' then 2 when 'L' then 3 end nulls last,
                severity desc nulls last,
                occurrence desc nulls last,
                shortfall_points * n_affected desc nulls last,
                gap_id
        ) as place_in_segment
    from prioritised
),

final as (
    select
        gap_id,
        gap_type,
        metric_code,
        attribute_code,
        subject_code,
        segment_key,
        segment_type,
        segment_value,
        gap_to_close,
        unit,
        shortfall_points,
        importance_share,
        margin_share,
        severity_index,
        n_observed,
        n_affected,
        share_affected,
        n_unsignalled,
        share_unsignalled,
        severity,
        occurrence,
        detection,
        cast(rpn as integer) as rpn,
        action_priority,
        risk_response,
        unavailable_reason,
        case when action_priority is not null then place end as priority_rank,
        case when action_priority is not null then place_in_segment end as segment_rank,
        margin_at_risk_amount,
        value_at_risk_amount,
        owner,
        due_date,
        status,
        n_observed as n_customers,
        is_gap_reportable and n_observed >= {{ var("min_n_publish") }} as is_reportable,
        {{ reliability("n_observed") }} as reliability,
        {{ lineage_columns() | indent(8) }}
    from ranked
)

select * from final
