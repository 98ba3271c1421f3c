{#- What gaps between two scores have in common: nobody has promised to close them by a date. -#}
{%- set without_target -%}
cast(0 as double) as minimum,
        cast(null as varchar) as owner,
        cast(null as date) as due_date,
        cast(null as double) as baseline_value,
        cast(null as date) as baseline_date
{%- endset -%}
{%- set of_scores -%}
'points of 100' as unit,
        'higher_better' as direction,
        {{ without_target }}
{%- endset -%}

with

target_gaps as (
    select * from {{ ref("int_target_gaps") }}
),

states as (
    select *
    from {{ ref("int_states_unioned") }}
    where period_grain = 'trailing_12m' and metric_code = 'experience_of_attribute'
),

satisfaction_gaps as (
    select *
    from {{ ref("satisfaction_gap") }}
    where period_grain = 'trailing_12m' and n_customers > 0
),

value_gaps as (
    select *
    from {{ ref("value_gap") }}
    where period_grain = 'trailing_12m' and gap_score is not null
),

-- Of several promises about one attribute the one that is kept worst.
promises as (
    select *
    from (
        select
            *,
            row_number() over (
                partition by attribute_code, segment_key order by promise_gap, promise_id
            ) as worst_rank
        from {{ ref("promise_alignment") }}
        where period_grain = 'trailing_12m' and n_customers > 0
    ) as ranked
    where worst_rank = 1
),

needs as (
    select *
    from {{ ref("customer_need") }}
    where period_grain = 'trailing_12m' and fulfilment_score is not null and expectation_score is not null
),

competitor_scores as (
    select *
    from {{ ref("int_competitor_scores") }}
    where period_grain = 'trailing_12m' and product_key = 'all'
),

-- What a segment borrows from all customers is no finding about the segment.
best_competitors as (
    select
        attribute_code,
        segment_key,
        max(competitor_score) as competitor_score
    from competitor_scores
    where competitor_scope = 'segment' or segment_type = 'all'
    group by 1, 2
),

unioned as (
    select
        gap_type,
        metric_code,
        attribute_code,
        segment_key,
        segment_type,
        segment_value,
        current_value,
        current_ci_low,
        current_ci_high,
        n_customers,
        desired_value,
        desired_from,
        gap_to_close,
        gap_to_close_low,
        gap_to_close_high,
        unit,
        direction,
        minimum,
        owner,
        due_date,
        baseline_value,
        baseline_date
    from target_gaps
    union all
    select
        'satisfaction' as gap_type,
        'satisfaction_gap' as metric_code,
        satisfaction_gaps.attribute_code,
        satisfaction_gaps.segment_key,
        satisfaction_gaps.segment_type,
        satisfaction_gaps.segment_value,
        satisfaction_gaps.experience_score as current_value,
        states.ci_low as current_ci_low,
        states.ci_high as current_ci_high,
        satisfaction_gaps.n_customers,
        satisfaction_gaps.expectation_score as desired_value,
        'expectation' as desired_from,
        0 - satisfaction_gaps.gap_score as gap_to_close,
        0 - satisfaction_gaps.ci_high as gap_to_close_low,
        0 - satisfaction_gaps.ci_low as gap_to_close_high,
        {{ of_scores }}
    from satisfaction_gaps
    left join states
        on
            satisfaction_gaps.attribute_code = states.attribute_code
            and satisfaction_gaps.segment_key = states.segment_key
    union all
    select
        'value' as gap_type,
        'value_gap' as metric_code,
        attribute_code,
        segment_key,
        segment_type,
        segment_value,
        delivered_score as current_value,
        cast(null as double) as current_ci_low,
        cast(null as double) as current_ci_high,
        n_customers,
        expected_score as desired_value,
        'expected_before_purchase' as desired_from,
        0 - gap_score as gap_to_close,
        0 - ci_high as gap_to_close_low,
        0 - ci_low as gap_to_close_high,
        'points of 100' as unit,
        score_direction as direction,
        {{ without_target }}
    from value_gaps
    union all
    select
        'promise' as gap_type,
        'promise_gap' as metric_code,
        attribute_code,
        segment_key,
        segment_type,
        segment_value,
        delivered_score as current_value,
        promised_score + ci_low as current_ci_low,
        promised_score + ci_high as current_ci_high,
        n_customers,
        promised_score as desired_value,
        'promise' as desired_from,
        0 - promise_gap as gap_to_close,
        0 - ci_high as gap_to_close_low,
        0 - ci_low as gap_to_close_high,
        {{ of_scores }}
    from promises
    union all
    select
        'need' as gap_type,
        'need_fulfilment' as metric_code,
        need_code as attribute_code,
        segment_key,
        segment_type,
        segment_value,
        fulfilment_score as current_value,
        ci_low as current_ci_low,
        ci_high as current_ci_high,
        n_customers,
        expectation_score as desired_value,
        'expectation' as desired_from,
        expectation_score - fulfilment_score as gap_to_close,
        expectation_score - ci_high as gap_to_close_low,
        expectation_score - ci_low as gap_to_close_high,
        {{ of_scores }}
    from needs
    union all
    select
        'competitive' as gap_type,
        'experience_of_attribute' as metric_code,
        states.attribute_code,
        states.segment_key,
        states.segment_type,
        states.segment_value,
        states.metric_value as current_value,
        states.ci_low as current_ci_low,
        states.ci_high as current_ci_high,
        states.n_customers,
        best_competitors.competitor_score as desired_value,
        'best_competitor' as desired_from,
        best_competitors.competitor_score - states.metric_value as gap_to_close,
        best_competitors.competitor_score - states.ci_high as gap_to_close_low,
        best_competitors.competitor_score - states.ci_low as gap_to_close_high,
        {{ of_scores }}
    from states
    inner join best_competitors
        on
            states.attribute_code = best_competitors.attribute_code
            and states.segment_key = best_competitors.segment_key
)

select * from unioned
