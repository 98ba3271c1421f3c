-- What one customer says of all attributes of a need, or of a stage of value delivery, together.
with

customer_gaps as (
    select *
    from {{ ref("int_gaps_averaged") }}
    where gap_type = 'satisfaction' and period_grain in ('quarter', 'year', 'trailing_12m')
),

attributes as (
    select * from {{ ref("dim_attribute") }}
),

grouped as (
    select
        'need' as group_kind,
        need_code as group_code,
        attribute_code
    from attributes
    where need_code is not null and attribute_code <> 'overall'
    union all
    select
        'stage' as group_kind,
        stage_code as group_code,
        attribute_code
    from attributes
    where stage_code is not null and attribute_code <> 'overall'
),

judged_attributes as (
    select
        grouped.group_kind,
        grouped.group_code,
        customer_gaps.period_grain,
        customer_gaps.period_start,
        count(distinct customer_gaps.attribute_code) as n_attributes
    from customer_gaps
    inner join grouped on customer_gaps.attribute_code = grouped.attribute_code
    group by 1, 2, 3, 4
),

averaged as (
    select
        grouped.group_kind,
        grouped.group_code,
        customer_gaps.customer_key,
        customer_gaps.period_grain,
        customer_gaps.period_start,
        customer_gaps.period_end,
        customer_gaps.period_is_complete,
        cast(count(*) as integer) as n_attributes,
        max(customer_gaps.n_experiences) as n_responses,
        {{ exact_avg("customer_gaps.delivered_score") }} as experience_score,
        {{ exact_avg("customer_gaps.expectation_score") }} as expectation_score,
        {{ exact_avg("customer_gaps.importance_score") }} as importance_score,
        {{ exact_avg("customer_gaps.gap_score") }} as gap_score,
        {{ exact_avg("customer_gaps.shortfall_score") }} as shortfall_score
    from customer_gaps
    inner join grouped on customer_gaps.attribute_code = grouped.attribute_code
    group by 1, 2, 3, 4, 5, 6, 7
),

final as (
    select
        averaged.*,
        {{ safe_divide("averaged.n_attributes", "judged_attributes.n_attributes") }} as attribute_coverage,
        {{ gap_direction("averaged.gap_score") }} as gap_direction
    from averaged
    inner join judged_attributes
        on
            averaged.group_kind = judged_attributes.group_kind
            and averaged.group_code = judged_attributes.group_code
            and averaged.period_grain = judged_attributes.period_grain
            and averaged.period_start = judged_attributes.period_start
)

select * from final
