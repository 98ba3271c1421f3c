with

sales as (
    select * from {{ ref("int_sales_by_month") }}
),

tickets as (
    select * from {{ ref("int_tickets") }}
),

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
),

attributes as (
    select * from {{ ref("attribute") }}
),

payments as (
    select
        customer_key,
        month_start,
        'monetary' as cost_kind,
        cast(coalesce(revenue, 0) + coalesce(returned_amount, 0) as decimal(18, 2)) as amount,
        cast(null as double) as score_pomp,
        'net_paid' as basis,
        cast(orders as bigint) as n_observations
    from sales
    where revenue is not null or returned_amount is not null
),

waits as (
    select
        customer_key,
        cast(date_trunc('month', created_at) as date) as month_start,
        'time' as cost_kind,
        cast(
            round(
                cast(sum(requester_wait_minutes_business) as decimal(18, 0))
                * cast({{ var("customer_hour_cost") }} as decimal(18, 2)) / 60,
                2
            ) as decimal(18, 2)
        ) as amount,
        cast(null as double) as score_pomp,
        'business_minutes_waited' as basis,
        cast(count(requester_wait_minutes_business) as bigint) as n_observations
    from tickets
    where customer_key is not null and not is_deleted and not is_merged and requester_wait_minutes_business is not null
    group by customer_key, cast(date_trunc('month', created_at) as date)
),

cost_answers as (
    select
        answers.customer_key,
        answers.respondent_key,
        cast(date_trunc('month', answers.submitted_at) as date) as month_start,
        case when answers.metric_code = 'ces' then 'effort' else 'psychological' end as cost_kind,
        case when answers.metric_code = 'ces' then 100 - answers.score_pomp else answers.score_pomp end as score
    from answers
    left join attributes on answers.attribute_code = attributes.attribute_code
    where
        answers.is_scored
        and answers.customer_key is not null
        and (
            answers.metric_code = 'ces'
            or (answers.construct = 'cost' and attributes.cost_kind = 'psychological')
        )
),

respondent_scores as (
    select
        customer_key,
        respondent_key,
        month_start,
        cost_kind,
        {{ exact_avg("score") }} as score,
        count(*) as n_answers
    from cost_answers
    group by customer_key, respondent_key, month_start, cost_kind
),

perceptions as (
    select
        customer_key,
        month_start,
        cost_kind,
        cast(null as decimal(18, 2)) as amount,
        {{ exact_avg("score") }} as score_pomp,
        case cost_kind when 'effort' then 'customer_effort_score_reversed' else 'psychological_cost_items' end as basis,
        cast(sum(n_answers) as bigint) as n_observations
    from respondent_scores
    group by customer_key, month_start, cost_kind
),

unioned as (
    select * from payments
    union all
    select * from waits
    union all
    select * from perceptions
),

final as (
    select
        customer_key,
        month_start,
        cost_kind,
        amount,
        score_pomp,
        basis,
        n_observations,
        coalesce(amount < 0, false) as is_net_refund,
        {{ lineage_columns() | indent(8) }}
    from unioned
)

select * from final
