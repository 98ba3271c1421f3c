{#- Dimensions list what no seed and no record explains, too: a join to them loses no fact. -#}
with

named as (
    select 'channel' as dimension, channel as name, count(*) as n_rows
    from {{ ref("fct_order_line") }}
    group by channel
    union all
    select 'channel' as dimension, channel as name, count(*) as n_rows
    from {{ ref("fct_deal") }}
    group by channel
    union all
    select 'channel' as dimension, channel as name, count(*) as n_rows
    from {{ ref("fct_ticket") }}
    group by channel
    union all
    select 'agent' as dimension, assignee_key as name, count(*) as n_rows
    from {{ ref("fct_ticket") }}
    group by assignee_key
    union all
    select 'agent' as dimension, owner_key as name, count(*) as n_rows
    from {{ ref("fct_deal") }}
    group by owner_key
),

known as (
    select 'channel' as dimension, channel_code as name
    from {{ ref("dim_channel") }}
    union all
    select 'agent' as dimension, agent_key as name
    from {{ ref("dim_agent") }}
)

select
    named.dimension,
    named.name,
    named.n_rows
from named
left join known on named.dimension = known.dimension and named.name = known.name
where named.name is not null and known.name is null
