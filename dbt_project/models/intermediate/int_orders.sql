with

deals as (
    select * from {{ ref("int_deals_unioned") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

won_deals as (
    select
        *,
        coalesce(closed_at, opened_at, created_at) as ordered_at
    from deals
    where is_won
),

final as (
    select
        won_deals.source_system,
        won_deals.deal_id as order_id,
        won_deals.order_number,
        {% if var("customer_grain") == "person" -%}
        coalesce(people.customer_key, accounts.customer_key) as customer_key,
        {%- else -%}
        coalesce(accounts.customer_key, people.customer_key) as customer_key,
        {%- endif %}
        people.contact_key,
        won_deals.sales_channel as channel,
        coalesce(won_deals.currency, '{{ var("reporting_currency") }}') as currency,
        won_deals.ordered_at,
        won_deals.promised_delivery_date,
        won_deals.delivered_at,
        case
            when won_deals.promised_delivery_date is null then null
            when won_deals.delivered_at is not null
                then cast(won_deals.delivered_at as date) <= won_deals.promised_delivery_date
            when won_deals.promised_delivery_date < {{ as_of_date() }} then false
        end as is_on_time,
        won_deals.is_deleted
    from won_deals
    left join identity as accounts on won_deals.company_record_id = accounts.record_id
    left join identity as people on won_deals.contact_record_id = people.record_id
    where won_deals.ordered_at < {{ as_of_until() }}
)

select * from final
