{% set entity = "contact" if var("customer_grain") == "person" else "account" %}

with

deals as (
    select * from {{ ref("int_deals") }}
),

parties as (
    select * from {{ ref("int_deal_parties_unioned") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

named as (
    select
        deals.deal_key,
        identity.customer_key
    from deals
    inner join parties on deals.source_system = parties.source_system and deals.deal_id = parties.deal_id
    inner join identity on parties.record_id = identity.record_id
    where parties.entity = '{{ entity }}' and identity.customer_key is not null
    union
    select deal_key, customer_key
    from deals
    where customer_key is not null
),

numbered as (
    select
        named.deal_key,
        named.customer_key,
        deals.amount,
        deals.customer_key = named.customer_key as is_buyer,
        count(*) over (partition by named.deal_key) as n_customers,
        row_number() over (
            partition by named.deal_key
            order by case when deals.customer_key = named.customer_key then 1 else 2 end, named.customer_key
        ) as position_number
    from named
    inner join deals on named.deal_key = deals.deal_key
),

final as (
    select
        deal_key,
        customer_key,
        coalesce(is_buyer, false) as is_buyer,
        cast(n_customers as bigint) as n_customers,
        {{ safe_divide("1", "n_customers") }} as allocation_share,
        {{ equal_part("amount", "position_number", "n_customers") }} as allocated_amount
    from numbered
)

select * from final
