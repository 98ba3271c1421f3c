with

users as (
    select * from {{ ref("stg_zendesk__users") }}
),

owners as (
    select * from {{ ref("stg_hubspot__owners") }}
),

colleagues as (
    select * from {{ ref("stg_salesforce__users") }}
),

tickets as (
    select * from {{ ref("stg_zendesk__tickets") }}
),

deals as (
    select * from {{ ref("int_deals_unioned") }}
),

bots as (
    select * from {{ ref("bot") }}
),

responsible as (
    select 'zendesk' as source_system, assignee_id as source_id
    from tickets
    where assignee_id is not null
    union
    select source_system, owner_id as source_id
    from deals
    where owner_id is not null
),

-- An agent who was made an end user since still stands on the tickets of before.
help_desk as (
    select
        'zendesk' as source_system,
        users.user_id as source_id,
        users.role,
        users.email,
        users.team_id,
        users.is_active,
        users.created_at
    from users
    left join responsible on users.user_id = responsible.source_id and responsible.source_system = 'zendesk'
    where not users.is_end_user or responsible.source_id is not null
),

known as (
    select
        source_system,
        source_id,
        role,
        email,
        team_id,
        is_active,
        created_at
    from help_desk
    union all
    select
        'hubspot' as source_system,
        owner_id as source_id,
        'owner' as role,
        email,
        cast(null as varchar) as team_id,
        not is_archived as is_active,
        created_at
    from owners
    union all
    select
        'salesforce' as source_system,
        owner_id as source_id,
        'owner' as role,
        email,
        cast(null as varchar) as team_id,
        not is_archived as is_active,
        created_at
    from colleagues
),

everybody as (
    select
        coalesce(known.source_system, responsible.source_system) as source_system,
        coalesce(known.source_id, responsible.source_id) as source_id,
        known.role,
        known.email,
        known.team_id,
        known.is_active,
        known.created_at
    from known
    full outer join responsible
        on known.source_system = responsible.source_system and known.source_id = responsible.source_id
),

final as (
    select
        {{ surrogate_key(["everybody.source_system", "everybody.source_id"]) }} as agent_key,
        everybody.source_system,
        everybody.source_id,
        coalesce(everybody.role, 'unknown') as role,
        everybody.team_id,
        bots.source_id is not null as is_bot,
        {{ private_hash(normalized_email("everybody.email")) }} as email_hash,
        everybody.is_active,
        everybody.created_at as known_since
    from everybody
    left join bots
        on everybody.source_system = bots.source_system and everybody.source_id = bots.source_id
)

select * from final
