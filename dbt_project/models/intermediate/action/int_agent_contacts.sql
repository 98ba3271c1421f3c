{{ config(materialized="view") }}

-- Every public comment an agent wrote to a customer; of tickets from files the first reply, which is all they tell.
-- Calls and visits that no help desk recorded are in no source.
with

ticket_events as (
    select * from {{ ref("stg_zendesk__ticket_events") }}
),

agents as (
    select * from {{ ref("int_agents") }}
    where source_system = 'zendesk' and not is_bot
),

users as (
    select * from {{ ref("stg_zendesk__users") }}
    where not is_end_user
),

tickets as (
    select * from {{ ref("int_tickets") }}
    where customer_key is not null
),

comments as (
    select
        ticket_id,
        occurred_at,
        coalesce(author_id, updater_id) as user_id
    from ticket_events
    where event_type = 'Comment' and is_public and occurred_at < {{ as_of_until() }}
)

select
    tickets.customer_key,
    comments.occurred_at as contacted_at,
    agents.agent_key
from comments
inner join users on comments.user_id = users.user_id
inner join agents on comments.user_id = agents.source_id
inner join tickets on comments.ticket_id = tickets.ticket_id and tickets.source_system = 'zendesk'
union all
select
    customer_key,
    first_reply_at as contacted_at,
    cast(null as varchar) as agent_key
from tickets
where source_system = 'files' and first_reply_at is not null
