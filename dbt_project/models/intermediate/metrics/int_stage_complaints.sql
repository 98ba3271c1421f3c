-- Tickets about what goes wrong in a stage: their topic names a cause, the cause its stage.
with

tickets as (
    select *
    from {{ ref("fct_ticket") }}
    where customer_key is not null and not is_deleted and not is_merged
),

causes_of_topics as (
    select *
    from {{ ref("root_cause_map") }}
    where evidence = 'topic'
),

causes as (
    select * from {{ ref("cause") }}
),

periods as (
    select *
    from {{ ref("int_periods") }}
    where period_grain in ('quarter', 'year', 'trailing_12m')
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

stages_of_topics as (
    select distinct causes_of_topics.evidence_code as topic_code, causes.stage_code
    from causes_of_topics
    inner join causes on causes_of_topics.cause_code = causes.cause_code
    where causes.stage_code is not null
),

customer_complaints as (
    select
        tickets.customer_key,
        stages_of_topics.stage_code,
        periods.period_grain,
        periods.period_start,
        count(*) as n_complaints
    from tickets
    inner join stages_of_topics on tickets.topic_code = stages_of_topics.topic_code
    inner join periods on cast(tickets.created_at as date) between periods.period_start and periods.period_end
    group by 1, 2, 3, 4
),

final as (
    select
        segments.segment_key,
        customer_complaints.stage_code,
        customer_complaints.period_grain,
        customer_complaints.period_start,
        cast(sum(customer_complaints.n_complaints) as bigint) as n_complaints
    from customer_complaints
    inner join segments on customer_complaints.customer_key = segments.customer_key
    group by 1, 2, 3, 4
)

select * from final
