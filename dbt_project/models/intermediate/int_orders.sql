with

deals as (
    select * from {{ ref("stg_hubspot__deals") }}
),

deal_companies as (
    select * from {{ ref("stg_hubspot__deal_companies") }}
),

deal_contacts as (
    select * from {{ ref("stg_hubspot__deal_contacts") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

buying_companies as (
    select
        deal_id,
        company_id,
        row_number() over (
            partition by deal_id
            order by case association_type_id when 5 then 1 else 2 end, company_id
        ) as preference_rank
    from deal_companies
),

buying_contacts as (
    select deal_id, min(contact_id) as contact_id
    from deal_contacts
    group by deal_id
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
        won_deals.is_archived as is_deleted
    from won_deals
    left join buying_companies
        on won_deals.deal_id = buying_companies.deal_id and buying_companies.preference_rank = 1
    left join identity as accounts
        on
            buying_companies.company_id = accounts.source_id
            and accounts.source_system = 'hubspot' and accounts.source_object = 'companies'
    left join buying_contacts on won_deals.deal_id = buying_contacts.deal_id
    left join identity as people
        on
            buying_contacts.contact_id = people.source_id
            and people.source_system = 'hubspot' and people.source_object = 'contacts'
    where won_deals.ordered_at < {{ as_of_until() }}
)

select * from final
