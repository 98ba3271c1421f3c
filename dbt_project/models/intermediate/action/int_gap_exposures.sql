-- Of the customers each open gap is about: how many are known, how many fall short themselves, how many of those had
-- said nothing, and what they bring. What falls short: a gap of the customer's own beyond tolerance, or its own value
-- on the wrong side of the desired one.
with

gaps as (
    select * from {{ ref("cx_gap") }}
    where gap_to_close > 0
),

standings as (
    select * from {{ ref("int_customer_standings") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

amounts as (
    select * from {{ ref("int_customer_amounts") }}
),

measured as (
    select
        gaps.gap_id,
        gaps.segment_key,
        case
            when gaps.gap_type in ('satisfaction', 'value', 'promise') then gaps.gap_type || '_gap'
            when gaps.gap_type = 'competitive' then 'experience_of_attribute'
            when gaps.gap_type = 'need' then 'need_fulfilment'
            else gaps.metric_code
        end as measure_code,
        gaps.attribute_code,
        case
            when gaps.gap_type in ('satisfaction', 'value', 'promise')
                then cast(-{{ var("gap_tolerance_points") }} as double)
            else gaps.desired_value
        end as threshold,
        coalesce(gaps.gap_type = 'target' and gaps.direction = 'lower_better', false) as is_lower_better
    from gaps
),

judged as (
    select
        measured.gap_id,
        standings.customer_key,
        standings.has_signalled,
        case
            when measured.is_lower_better then standings.measure_value > measured.threshold
            else standings.measure_value < measured.threshold
        end as is_short
    from measured
    inner join standings
        on measured.measure_code = standings.measure_code and measured.attribute_code = standings.attribute_code
    inner join segments
        on standings.customer_key = segments.customer_key and measured.segment_key = segments.segment_key
),

final as (
    select
        judged.gap_id,
        cast(count(*) as bigint) as n_observed,
        cast(count(case when judged.is_short then 1 end) as bigint) as n_affected,
        cast(count(case when judged.is_short and not judged.has_signalled then 1 end) as bigint) as n_unsignalled,
        cast(sum(case when judged.is_short then amounts.margin_12m_amount else 0 end) as decimal(18, 2))
            as margin_at_risk_amount,
        cast(
            coalesce(sum(case when judged.is_short then amounts.relationship_value_amount end), 0) as decimal(18, 2)
        ) as value_at_risk_amount
    from judged
    left join amounts on judged.customer_key = amounts.customer_key
    group by judged.gap_id
)

select * from final
