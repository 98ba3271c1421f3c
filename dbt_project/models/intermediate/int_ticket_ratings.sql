{% set attribution = rating_attribution() %}

with

tickets as (
    select * from {{ ref("int_tickets") }}
),

vendor_ratings as (
    select * from {{ ref("stg_zendesk__satisfaction_ratings") }}
),

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
),

ticket_events as (
    select * from {{ ref("stg_zendesk__ticket_events") }}
),

users as (
    select * from {{ ref("stg_zendesk__users") }}
),

-- Rating a ticket again makes another row in the legacy feature: the last one is what the customer thinks.
ranked_ratings as (
    select
        *,
        row_number() over (
            partition by ticket_id, is_legacy order by rated_at desc, length(rating_id) desc, rating_id desc
        ) as rating_rank
    from vendor_ratings
    where is_answered and ticket_id is not null and rated_at < {{ as_of_until() }}
),

surveyed as (
    select
        response_key,
        ticket_id,
        min(submitted_at) as rated_at,
        {{ exact_avg("case when metric_code = 'csat_ticket' then score_pomp end") }} as score_pomp,
        {{ exact_avg("case when metric_code = 'ces' then score_pomp end") }} as effort_score
    from answers
    where is_scored and metric_code in ('csat_ticket', 'ces') and respondent_role = 'customer' and ticket_id is not null
    group by response_key, ticket_id
),

rated as (
    select
        rating_id,
        'vendor' as source,
        ticket_id,
        rated_at,
        cast(case score when 'good' then 100 when 'neutral' then 50 when 'bad' then 0 end as double) as score_pomp,
        cast(null as double) as effort_score
    from ranked_ratings
    where rating_rank = 1
    union all
    select
        'response:' || response_key as rating_id,
        'csat_ticket' as source,
        ticket_id,
        rated_at,
        score_pomp,
        effort_score
    from surveyed
),

ratings as (
    select
        rated.*,
        tickets.customer_key,
        tickets.assignee_key,
        tickets.resolver_key,
        tickets.channel,
        tickets.priority,
        tickets.topic_code
    from rated
    inner join tickets on rated.ticket_id = tickets.ticket_id
),

agent_events as (
    select
        ticket_events.*,
        {{ surrogate_key(["'zendesk'", "users.user_id"]) }} as agent_key
    from ticket_events
    inner join users on coalesce(ticket_events.author_id, ticket_events.updater_id) = users.user_id
    where not users.is_end_user and ticket_events.occurred_at < {{ as_of_until() }}
),

-- What gives an agent a claim to a rating: having solved the ticket by then, or each public reply by then.
claims as (
    select
        ratings.rating_id,
        agent_events.agent_key,
        count(*) as n_claims,
        row_number() over (
            partition by ratings.rating_id order by max(agent_events.occurred_at) desc, agent_events.agent_key
        ) as claim_rank
    from ratings
    inner join agent_events
        on ratings.ticket_id = agent_events.ticket_id and ratings.rated_at >= agent_events.occurred_at
    where
        ('{{ attribution }}' = 'resolver' and agent_events.status = 'solved')
        or (
            '{{ attribution }}' = 'replies' and agent_events.event_type = 'Comment' and agent_events.is_public
        )
    group by ratings.rating_id, agent_events.agent_key
),

shares as (
    select
        rating_id,
        agent_key,
        {{ safe_divide("n_claims", "sum(n_claims) over (partition by rating_id)") }} as attribution_weight
    from claims
    where claim_rank = 1 or '{{ attribution }}' = 'replies'
),

-- Nobody's claim is known of a ticket a rule solved, or of a file: then it is the one's it is assigned to.
final as (
    select
        ratings.rating_id,
        ratings.ticket_id,
        ratings.customer_key,
        case
            when '{{ attribution }}' = 'last_assignee' then ratings.assignee_key
            else coalesce(shares.agent_key, ratings.resolver_key, ratings.assignee_key)
        end as agent_key,
        coalesce(shares.attribution_weight, 1) as attribution_weight,
        ratings.score_pomp,
        ratings.effort_score,
        ratings.rated_at,
        ratings.source,
        ratings.channel,
        ratings.priority,
        ratings.topic_code
    from ratings
    left join shares on ratings.rating_id = shares.rating_id
)

select * from final
