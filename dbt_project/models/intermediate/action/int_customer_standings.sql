{%- set ticket_measures = {
    "first_reply_minutes": "tickets.our_first_reply_calendar_minutes",
    "first_reply_business_minutes": "tickets.our_first_reply_business_minutes",
    "resolution_hours": "tickets.our_first_resolution_calendar_minutes / 60.0",
    "resolution_business_hours": "tickets.our_first_resolution_business_minutes / 60.0",
    "sla_met_rate": "case when tickets.is_sla_met then 1 when not tickets.is_sla_met then 0 end",
    "first_contact_resolution_rate":
        "case when tickets.is_first_contact_resolution then 1 when not tickets.is_first_contact_resolution then 0 end",
    "reopen_rate": "case when tickets.is_reopened then 1 when not tickets.is_reopened then 0 end",
    "handoff_rate": "case when tickets.n_handoffs > 0 then 1 when tickets.n_handoffs = 0 then 0 end",
} -%}
-- Where each customer itself stands on what gaps are about, over the last twelve months, in the metric's own unit, and
-- whether it had asked for help in the thirty days before its last answer: who had, could be seen coming.
with

metric_answers as (
    select * from {{ ref("int_metric_answers_unioned") }}
),

value_gaps as (
    select * from {{ ref("fct_value_gap") }}
    where customer_key is not null and gap_score is not null
),

attributes as (
    select * from {{ ref("dim_attribute") }}
),

tickets as (
    select * from {{ ref("int_tickets") }}
    where customer_key is not null and not is_deleted and not is_merged
),

periods as (
    select * from {{ ref("int_periods") }}
    where period_grain = 'trailing_12m'
),

answers as (
    select
        metric_code as measure_code,
        'all' as attribute_code,
        customer_key,
        respondent_key,
        submitted_at,
        cast(case
            when metric_code = 'nps' then 100 * (top_box - bottom_box)
            when metric_code in ('csat', 'csat_ticket') then 100 * top_box
            else score_pomp
        end as double) as measure_value
    from metric_answers
    where metric_code in ('csat', 'csat_ticket', 'ces', 'nps', 'acsi', 'trust', 'feel_valued', 'repurchase_intent')
    union all
    select
        gap_type || '_gap' as measure_code,
        attribute_code,
        customer_key,
        respondent_key,
        submitted_at,
        gap_score as measure_value
    from value_gaps
    union all
    select
        'satisfaction_gap' as measure_code,
        'all' as attribute_code,
        customer_key,
        respondent_key,
        submitted_at,
        gap_score as measure_value
    from value_gaps
    where gap_type = 'satisfaction'
    union all
    select
        'experience_of_attribute' as measure_code,
        attribute_code,
        customer_key,
        respondent_key,
        submitted_at,
        delivered_score as measure_value
    from value_gaps
    where gap_type = 'satisfaction'
    union all
    select
        'need_fulfilment' as measure_code,
        attributes.need_code as attribute_code,
        value_gaps.customer_key,
        value_gaps.respondent_key,
        value_gaps.submitted_at,
        value_gaps.delivered_score as measure_value
    from value_gaps
    inner join attributes on value_gaps.attribute_code = attributes.attribute_code
    where value_gaps.gap_type = 'satisfaction' and attributes.need_code is not null
),

-- A ticket is its own sign of trouble.
ticket_measures as (
    {%- for measure_code, measure in ticket_measures.items() %}
    select
        '{{ measure_code }}' as measure_code,
        tickets.customer_key,
        cast({{ measure }} as double) as measure_value
    from tickets
    inner join periods
        on cast(tickets.created_at as date) between periods.period_start and periods.period_end
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

respondent_means as (
    select
        answers.measure_code,
        answers.attribute_code,
        answers.customer_key,
        answers.respondent_key,
        {{ exact_avg("answers.measure_value") }} as measure_value,
        max(answers.submitted_at) as last_answer_at
    from answers
    inner join periods
        on cast(answers.submitted_at as date) between periods.period_start and periods.period_end
    group by 1, 2, 3, 4
),

customer_means as (
    select
        measure_code,
        attribute_code,
        customer_key,
        {{ exact_avg("measure_value") }} as measure_value,
        max(last_answer_at) as last_answer_at
    from respondent_means
    group by 1, 2, 3
),

signalled as (
    select distinct
        answered.customer_key,
        answered.last_answer_at
    from (select distinct customer_key, last_answer_at from customer_means) as answered
    inner join tickets
        on
            answered.customer_key = tickets.customer_key
            and answered.last_answer_at > tickets.created_at
            and cast(tickets.created_at as date) >= {{ days_after("answered.last_answer_at", -30) }}
),

final as (
    select
        customer_means.measure_code,
        customer_means.attribute_code,
        customer_means.customer_key,
        customer_means.measure_value,
        signalled.customer_key is not null as has_signalled
    from customer_means
    left join signalled
        on
            customer_means.customer_key = signalled.customer_key
            and customer_means.last_answer_at = signalled.last_answer_at
    union all
    select
        measure_code,
        'all' as attribute_code,
        customer_key,
        {{ exact_avg("measure_value") }} as measure_value,
        true as has_signalled
    from ticket_measures
    where measure_value is not null
    group by 1, 2, 3
)

select * from final
