with

feedback as (
    select * from {{ ref("int_feedback") }}
),

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
),

tickets as (
    select * from {{ ref("int_tickets") }}
),

cause_map as (
    select *
    from {{ ref("root_cause_map") }}
    where evidence = 'topic'
),

segments as (
    select *
    from {{ ref("int_customer_segments") }}
    where segment_type in ('all', 'market_segment')
),

-- Good and bad ratings and favourable answers are one kind of number only as yes or no.
judgements as (
    select ticket_id, submitted_at, case when score_pomp >= 50 then 100 else 0 end as satisfied
    from feedback
    where source = 'rating' and score_pomp is not null
    union all
    select ticket_id, submitted_at, case when is_top_box then 100 else 0 end as satisfied
    from answers
    where
        metric_code = 'csat_ticket' and is_scored and is_top_box is not null
        and coalesce(respondent_role, 'customer') = 'customer'
),

dated as (
    select
        ticket_id,
        satisfied,
        case
            when cast(submitted_at as date) > {{ months_after(as_of_date(), -12) }} then 1
            when cast(submitted_at as date) > {{ months_after(as_of_date(), -24) }} then 0
        end as is_current
    from judgements
    where ticket_id is not null
),

rated as (
    select
        ticket_id,
        is_current,
        {{ exact_avg("satisfied") }} as satisfied
    from dated
    where is_current is not null
    group by 1, 2
),

causes as (
    select
        rated.is_current,
        rated.satisfied,
        tickets.customer_key,
        coalesce(cause_map.cause_code, 'unknown') as cause_code,
        cast({{ safe_divide(1, "count(*) over (partition by rated.ticket_id, rated.is_current)") }} as decimal(18, 9))
            as cause_weight
    from rated
    inner join tickets on rated.ticket_id = tickets.ticket_id
    left join cause_map on tickets.topic_code = cause_map.evidence_code
),

weighed as (
    select
        customer_key,
        cause_code,
        1 - is_current as is_prior,
        is_current,
        case when is_current = 0 then cause_weight else 0 end as weight_prior,
        case when is_current = 1 then cause_weight else 0 end as weight,
        {{ exact("satisfied") }} as satisfied
    from causes
),

final as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        weighed.cause_code,
        cast(sum(weighed.is_prior) as bigint) as n_rated_prior,
        cast(sum(weighed.is_current) as bigint) as n_rated,
        sum(weighed.weight_prior) as weight_prior,
        sum(weighed.weight) as weight,
        sum(weighed.weight_prior * weighed.satisfied) as satisfied_prior,
        sum(weighed.weight * weighed.satisfied) as satisfied
    from weighed
    inner join segments on weighed.customer_key = segments.customer_key
    group by 1, 2, 3, 4
)

select * from final
