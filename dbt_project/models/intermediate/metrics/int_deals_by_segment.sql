-- A deal stands once in each segment its customers belong to, with their parts of its amount. Goods sent back are
-- deals of a vendor too, but nobody was there to be won.
with

deals as (
    select * from {{ ref("fct_deal") }}
),

decisions as (
    select deal_key, decided_at from {{ ref("int_deals") }}
),

deal_customers as (
    select * from {{ ref("bridge_deal_customer") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

dated as (
    select
        deals.deal_key,
        deals.customer_key,
        coalesce(deals.channel, 'unknown') as channel,
        cast(coalesce(deals.opened_at, decisions.decided_at) as date) as opened_on,
        case
            when (deals.is_closed or deals.is_won) and cast(decisions.decided_at as date) <= {{ as_of_date() }}
                then cast(decisions.decided_at as date)
        end as closed_on,
        deals.is_won,
        deals.is_return,
        deals.amount,
        case when deals.is_won then deals.cycle_days end as won_cycle_days,
        lower(trim(deals.lost_reason)) as lost_reason
    from deals
    inner join decisions on deals.deal_key = decisions.deal_key
    where not deals.is_deleted
),

segment_parts as (
    select
        deal_customers.deal_key,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        coalesce(
            min(case when deal_customers.is_buyer then deal_customers.customer_key end),
            min(deal_customers.customer_key)
        ) as customer_key,
        cast(sum(deal_customers.allocated_amount) as decimal(18, 2)) as amount
    from deal_customers
    inner join segments on deal_customers.customer_key = segments.customer_key
    where segments.segment_type <> 'all'
    group by 1, 2, 3, 4
),

parts as (
    select
        deal_key,
        'all:all' as segment_key,
        'all' as segment_type,
        'all' as segment_value,
        customer_key,
        amount
    from dated
    union all
    select * from segment_parts
),

joined as (
    select
        parts.deal_key,
        parts.segment_key,
        parts.segment_type,
        parts.segment_value,
        dated.channel,
        parts.customer_key,
        parts.amount,
        dated.opened_on,
        dated.closed_on,
        dated.is_won and dated.closed_on is not null as is_won,
        dated.is_return,
        dated.won_cycle_days,
        dated.lost_reason
    from parts
    inner join dated on parts.deal_key = dated.deal_key
),

final as (
    select * from joined
    union all
    select
        deal_key,
        segment_key,
        segment_type,
        segment_value,
        'all' as channel,
        customer_key,
        amount,
        opened_on,
        closed_on,
        is_won,
        is_return,
        won_cycle_days,
        lost_reason
    from joined
)

select * from final
