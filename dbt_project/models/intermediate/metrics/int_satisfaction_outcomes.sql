{#- How satisfied a customer was in a half-year, and what became of it in the twelve months after, where they are over. #}
with

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
    where is_scored and metric_code = 'csat' and respondent_role = 'customer' and customer_key is not null
),

customer_months as (
    select * from {{ ref("fct_customer_month") }}
),

tickets as (
    select * from {{ ref("int_tickets") }}
    where customer_key is not null and not is_deleted and not is_merged
),

dated as (
    select
        customer_key,
        contact_key,
        score_pomp,
        make_date(
            cast(extract(year from submitted_at) as integer),
            case when extract(month from submitted_at) <= 6 then 1 else 7 end,
            1
        ) as cohort_start
    from answers
),

-- People before customers, so that a company with many respondents counts once.
respondent_scores as (
    select
        customer_key,
        contact_key,
        cohort_start,
        {{ exact_avg("score_pomp") }} as score
    from dated
    group by customer_key, contact_key, cohort_start
),

customer_scores as (
    select
        customer_key,
        cohort_start,
        {{ months_after("cohort_start", 6) }} as outcome_start,
        {{ months_after("cohort_start", 18) }} as outcome_until,
        {{ exact_avg("score") }} as score
    from respondent_scores
    group by customer_key, cohort_start
),

settled as (
    select *
    from customer_scores
    where outcome_until <= {{ days_after(as_of_date(), 1) }}
),

-- A customer is there while it bought within the last three months, or pays for a subscription.
months_followed as (
    select
        settled.customer_key,
        settled.cohort_start,
        max(
            case
                when
                    customer_months.month_start < settled.outcome_start
                    and customer_months.month_start >= {{ months_after("settled.outcome_start", -3) }}
                    and (
                        customer_months.is_active
                        or (
                            customer_months.recurring_end > 0
                            and customer_months.month_start = {{ months_after("settled.outcome_start", -1) }}
                        )
                    )
                    then 1
                else 0
            end
        ) as was_there,
        max(
            case
                when
                    customer_months.month_start < settled.outcome_until
                    and customer_months.month_start >= {{ months_after("settled.outcome_until", -3) }}
                    and (
                        customer_months.is_active
                        or (
                            customer_months.recurring_end > 0
                            and customer_months.month_start = {{ months_after("settled.outcome_until", -1) }}
                        )
                    )
                    then 1
                else 0
            end
        ) as is_there,
        cast(
            coalesce(
                sum(
                    case
                        when
                            customer_months.month_start >= settled.outcome_start
                            and customer_months.month_start < settled.outcome_until
                            then customer_months.margin
                    end
                ), 0
            ) as decimal(18, 2)
        ) as margin_12m
    from settled
    inner join customer_months on settled.customer_key = customer_months.customer_key
    group by settled.customer_key, settled.cohort_start
),

replies as (
    select
        settled.customer_key,
        settled.cohort_start,
        cast(count(*) as bigint) as n_tickets,
        cast(sum(coalesce(nullif(tickets.n_agent_replies, 0), tickets.n_replies, 0)) as bigint) as n_replies
    from settled
    inner join tickets
        on
            settled.customer_key = tickets.customer_key
            and tickets.created_at >= cast(settled.outcome_start as timestamp)
            and tickets.created_at < cast(settled.outcome_until as timestamp)
    group by settled.customer_key, settled.cohort_start
),

final as (
    select
        settled.customer_key,
        settled.cohort_start,
        {{ days_after("settled.outcome_start", -1) }} as cohort_end,
        settled.outcome_start,
        {{ days_after("settled.outcome_until", -1) }} as outcome_end,
        settled.score,
        case
            when settled.score < 50 then 'dissatisfied'
            when settled.score < 75 then 'neutral'
            else 'satisfied'
        end as satisfaction_band,
        months_followed.is_there,
        months_followed.margin_12m,
        coalesce(replies.n_tickets, 0) as n_tickets,
        cast(
            coalesce(replies.n_replies, 0) * cast({{ var("service_cost_per_reply") }} as decimal(18, 2))
            as decimal(18, 2)
        ) as cost_to_serve_12m
    from settled
    inner join months_followed
        on
            settled.customer_key = months_followed.customer_key
            and settled.cohort_start = months_followed.cohort_start
    left join replies
        on settled.customer_key = replies.customer_key and settled.cohort_start = replies.cohort_start
    where months_followed.was_there = 1
)

select * from final
