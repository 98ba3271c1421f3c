{{ config(materialized="view") }}

with

tickets as (
    select * from {{ ref("int_tickets_unioned") }}
),

rules as (
    select * from {{ ref("ticket_schedule") }}
),

fitting as (
    select
        tickets.ticket_id,
        min(rules.rule_number) as rule_number
    from tickets
    inner join rules
        on
            (rules.source_system is null or tickets.source_system = rules.source_system)
            and (rules.channel is null or tickets.channel = rules.channel)
            and (rules.team_id is null or tickets.team_id = rules.team_id)
            and (rules.priority is null or tickets.priority = rules.priority)
    group by tickets.ticket_id
),

final as (
    select
        fitting.ticket_id,
        rules.schedule_code
    from fitting
    inner join rules on fitting.rule_number = rules.rule_number
)

select * from final
