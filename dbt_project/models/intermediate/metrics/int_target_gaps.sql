with

targets as (
    select
        *,
        coalesce(attribute_code, 'all') as gap_attribute_code
    from {{ ref("dim_target") }}
    where is_valid and is_usable
),

metrics as (
    select * from {{ ref("dim_metric") }}
),

states as (
    select * from {{ ref("int_states_unioned") }}
),

recent as (
    select *
    from states
    where period_grain = 'trailing_12m'
),

-- Where the way to the target starts: a figure of a whole period that can be compared with one of twelve months.
starts as (
    select
        targets.target_key,
        states.metric_value as baseline_value,
        states.period_end as baseline_date,
        row_number() over (
            partition by targets.target_key
            order by
                coalesce(states.period_end < targets.valid_from, false) desc,
                case when states.period_end < targets.valid_from then states.period_end end desc nulls last,
                states.period_end
        ) as nearness
    from targets
    inner join states
        on
            targets.metric_code = states.metric_code
            and targets.gap_attribute_code = states.attribute_code
            and targets.segment_key = states.segment_key
            and states.period_grain = {{ baseline_grain("targets.metric_code") }}
    where
        states.period_end < {{ as_of_date() }}
        and states.n_customers >= {{ var("min_n_publish") }}
),

final as (
    select
        'target' as gap_type,
        targets.metric_code,
        targets.gap_attribute_code as attribute_code,
        targets.segment_key,
        targets.segment_type,
        targets.segment_value,
        recent.metric_value as current_value,
        recent.ci_low as current_ci_low,
        recent.ci_high as current_ci_high,
        coalesce(recent.n_customers, 0) as n_customers,
        cast(targets.target_value as double) as desired_value,
        'target' as desired_from,
        case
            when metrics.direction = 'lower_better' then recent.metric_value - cast(targets.target_value as double)
            else cast(targets.target_value as double) - recent.metric_value
        end as gap_to_close,
        case
            when metrics.direction = 'lower_better' then recent.ci_low - cast(targets.target_value as double)
            else cast(targets.target_value as double) - recent.ci_high
        end as gap_to_close_low,
        case
            when metrics.direction = 'lower_better' then recent.ci_high - cast(targets.target_value as double)
            else cast(targets.target_value as double) - recent.ci_low
        end as gap_to_close_high,
        metrics.unit,
        metrics.direction,
        metrics.minimum,
        targets.owner,
        targets.due_date,
        starts.baseline_value,
        starts.baseline_date
    from targets
    inner join metrics on targets.metric_code = metrics.metric_code
    left join recent
        on
            targets.metric_code = recent.metric_code
            and targets.gap_attribute_code = recent.attribute_code
            and targets.segment_key = recent.segment_key
    left join starts on targets.target_key = starts.target_key and starts.nearness = 1
)

select * from final
