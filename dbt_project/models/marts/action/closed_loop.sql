with

cases as (
    select * from {{ ref("fct_closed_loop_case") }}
),

answers as (
    select * from {{ ref("int_loop_answers") }}
    where is_bad
),

periods as (
    select * from {{ ref("int_periods") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

customer_cases as (
    select
        cases.customer_key,
        cases.trigger_code,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        count(*) as n_cases,
        count(cases.is_on_time) as n_responses,
        count(cases.first_contact_at) as n_contacted,
        count(case when cases.is_on_time then 1 end) as n_on_time,
        count(case when cases.outcome = 'recovered' then 1 end) as n_recovered,
        count(case when cases.outcome = 'unchanged' then 1 end) as n_unchanged,
        count(case when cases.outcome = 'lost' then 1 end) as n_lost,
        count(case when cases.outcome = 'no_contact' then 1 end) as n_without_contact,
        {{ exact_avg("case when cases.is_on_time then 1 when not cases.is_on_time then 0 end") }} as on_time_share,
        {{ exact_avg("cases.next_score_delta") }} as score_delta
    from cases
    inner join periods
        on cast(cases.opened_at as date) between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5, 6
),

segment_moments as (
    select
        customer_cases.trigger_code,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customer_cases.period_grain,
        customer_cases.period_start,
        customer_cases.period_end,
        customer_cases.period_is_complete,
        {{ score_moments("on_time_share") }},
        {%- for count in ["cases", "contacted", "on_time", "recovered", "unchanged", "lost", "without_contact"] %}
        cast(sum(customer_cases.n_{{ count }}) as bigint) as n_{{ count }},
        {%- endfor %}
        cast(count(customer_cases.score_delta) as bigint) as n_score_delta,
        {{ exact_avg("customer_cases.score_delta") }} as score_delta,
        {{ exact_standard_error("customer_cases.score_delta") }} as score_delta_se
    from customer_cases
    inner join segments on customer_cases.customer_key = segments.customer_key
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

hours as (
    select
        cases.trigger_code,
        segments.segment_key,
        periods.period_grain,
        periods.period_start,
        median(cases.hours_to_contact) as median_hours
    from cases
    inner join periods
        on cast(cases.opened_at as date) between periods.period_start and periods.period_end
    inner join segments on cases.customer_key = segments.customer_key
    group by 1, 2, 3, 4
),

anonymous as (
    select
        answers.trigger_code,
        periods.period_grain,
        periods.period_start,
        cast(count(*) as bigint) as n_anonymous
    from answers
    inner join periods
        on cast(answers.submitted_at as date) between periods.period_start and periods.period_end
    where answers.customer_key is null
    group by 1, 2, 3
),

estimated as (
    {{ metric_block("segment_moments", interval="share", by=["trigger_code"], low=0, high=1, whole=1) | indent(4) }}
),

decided as (
    select
        *,
        n_recovered + n_unchanged + n_lost as n_decided,
        {{ safe_divide("n_recovered", "n_recovered + n_unchanged + n_lost") }} as recovery_rate
    from estimated
),

final as (
    select
        decided.trigger_code,
        decided.segment_key,
        decided.segment_type,
        decided.segment_value,
        decided.period_grain,
        decided.period_start,
        decided.period_end,
        decided.period_is_complete,
        decided.n_cases,
        decided.n_contacted,
        {{ safe_divide("decided.n_contacted", "decided.n_contacted + decided.n_without_contact") }} as contact_rate,
        decided.n_on_time,
        decided.estimate as on_time_rate,
        cast(hours.median_hours as double) as median_hours,
        decided.n_recovered,
        decided.n_unchanged,
        decided.n_lost,
        decided.n_decided,
        decided.recovery_rate,
        {{ wilson_low("decided.recovery_rate", "decided.n_decided", "decided.z") | indent(8) }} as recovery_low,
        {{ wilson_high("decided.recovery_rate", "decided.n_decided", "decided.z") | indent(8) }} as recovery_high,
        decided.n_score_delta,
        decided.score_delta,
        decided.score_delta_se,
        case when decided.segment_type = 'all' then coalesce(anonymous.n_anonymous, 0) end as n_anonymous,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from decided
    left join hours
        on
            decided.trigger_code = hours.trigger_code
            and decided.segment_key = hours.segment_key
            and decided.period_grain = hours.period_grain
            and decided.period_start = hours.period_start
    left join anonymous
        on
            decided.trigger_code = anonymous.trigger_code
            and decided.period_grain = anonymous.period_grain
            and decided.period_start = anonymous.period_start
)

select * from final
