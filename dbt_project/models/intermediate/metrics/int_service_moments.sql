{#- Each time and share of the help desk, by the day that settles it. #}
{% set measures = {
    "first_reply_minutes": ["replied_on", "our_first_reply_calendar_minutes", 1],
    "first_reply_business_minutes": ["replied_on", "our_first_reply_business_minutes", 1],
    "resolution_hours": ["resolved_on", "our_first_resolution_calendar_minutes", 60],
    "resolution_business_hours": ["resolved_on", "our_first_resolution_business_minutes", 60],
    "first_contact_resolution_rate": ["resolved_on", "is_first_contact_resolution", none],
    "reopen_rate": ["resolved_on", "is_reopened", none],
    "handoff_rate": ["resolved_on", "is_handed_over", none],
    "sla_met_rate": ["created_on", "is_sla_met", none],
} %}

with

tickets as (
    select
        *,
        -- A number, since distinct ones are counted in every segment and period, and keys of text cost more.
        dense_rank() over (order by coalesce(customer_key, ticket_id)) as requester_unit,
        n_handoffs > 0 as is_handed_over,
        cast(created_at as date) as created_on,
        cast(first_reply_at as date) as replied_on,
        cast(first_resolved_at as date) as resolved_on
    from {{ ref("int_tickets") }}
    where not is_deleted and not is_merged
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

-- A ticket of nobody known is one of everybody's, and of no other segment.
grouped_tickets as (
    select
        tickets.*,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        'all' as breakdown
    from tickets
    inner join segments on tickets.customer_key = segments.customer_key
    where segments.segment_type <> 'all'
    union all
    select
        *,
        'all:all' as segment_key,
        'all' as segment_type,
        'all' as segment_value,
        'all' as breakdown
    from tickets
    {% for name, column in {"topic": "topic_code", "channel": "channel", "priority": "priority"}.items() -%}
    union all
    select
        *,
        'all:all' as segment_key,
        'all' as segment_type,
        'all' as segment_value,
        '{{ name }}:' || coalesce({{ column }}, 'unknown') as breakdown
    from tickets
    {% endfor %}
),

{% for day in ["replied_on", "resolved_on", "created_on"] -%}
{{ day }}_moments as (
    select
        grouped_tickets.segment_key,
        grouped_tickets.segment_type,
        grouped_tickets.segment_value,
        grouped_tickets.breakdown,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        {% for metric_code, measure in measures.items() if measure[0] == day -%}
        {{ service_moments(metric_code, "grouped_tickets." ~ measure[1], measure[2]) | indent(4) }}
        {% endfor -%}
        count(*) as n_tickets
    from grouped_tickets
    inner join periods
        on grouped_tickets.{{ day }} between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

{% endfor -%}
final as (
    {% for metric_code, measure in measures.items() -%}
    select
        '{{ metric_code }}' as metric_code,
        segment_key,
        segment_type,
        segment_value,
        breakdown,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ metric_code }}_n as n_responses,
        {{ metric_code }}_customers as n_customers,
        {{ metric_code }}_total as score_total,
        {{ metric_code }}_square_total as score_square_total,
        round({{ metric_code }}_quantiles[1], 9) as median_value,
        round({{ metric_code }}_quantiles[2], 9) as p90_value
    from {{ measure[0] }}_moments
    where {{ metric_code }}_n > 0
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from final
