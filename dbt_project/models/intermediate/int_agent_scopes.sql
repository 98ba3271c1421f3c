{{ config(materialized="view") }}

with

agents as (
    select * from {{ ref("int_agents") }}
    where not is_bot and source_system = 'zendesk'
),

final as (
    select
        agent_key,
        'agent:' || agent_key as scope_key,
        'agent' as scope_type,
        team_id
    from agents
    union all
    select
        agent_key,
        'team:' || team_id as scope_key,
        'team' as scope_type,
        team_id
    from agents
    where team_id is not null
    union all
    select
        agent_key,
        'all:all' as scope_key,
        'all' as scope_type,
        cast(null as varchar) as team_id
    from agents
)

select * from final
