with

deals as (
    select * from {{ ref("int_deals_unioned") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

rates as (
    select * from {{ ref("int_exchange_rates") }}
),

-- An open deal is worth what its currency is worth tonight; so is one closed on a day to come.
dated as (
    select
        *,
        coalesce(currency, '{{ var("reporting_currency") }}') as deal_currency,
        coalesce(closed_at, opened_at, created_at) as decided_at,
        case
            when is_closed or is_won
                then least(cast(coalesce(closed_at, opened_at, created_at) as date), {{ as_of_date() }})
            else {{ as_of_date() }}
        end as rate_date
    from deals
),

final as (
    select
        {{ surrogate_key(["dated.source_system", "dated.deal_id"]) }} as deal_key,
        dated.source_system,
        dated.deal_id,
        dated.order_number,
        {% if var("customer_grain") == "person" -%}
        case
            when people.record_id is not null then people.customer_key else accounts.customer_key
        end as customer_key,
        {%- else -%}
        case
            when accounts.record_id is not null then accounts.customer_key else people.customer_key
        end as customer_key,
        {%- endif %}
        people.contact_key,
        dated.pipeline,
        dated.deal_stage,
        dated.sales_channel,
        dated.owner_id,
        dated.lost_reason,
        dated.deal_currency as currency,
        dated.rate_date,
        rates.fx_rate,
        cast(round(dated.amount, 2) as decimal(18, 2)) as amount_original,
        cast(round(cast(round(dated.amount, 2) as decimal(18, 2)) * rates.fx_rate, 2) as decimal(18, 2)) as amount,
        dated.is_won,
        dated.is_closed,
        dated.is_deleted,
        coalesce(dated.is_won and dated.decided_at < {{ as_of_until() }}, false) as is_order,
        dated.promised_delivery_date,
        dated.opened_at,
        dated.closed_at,
        dated.delivered_at,
        dated.decided_at
    from dated
    left join identity as accounts on dated.company_record_id = accounts.record_id
    left join identity as people on dated.contact_record_id = people.record_id
    left join rates
        on
            dated.deal_currency = rates.currency
            and dated.rate_date between rates.valid_from and rates.valid_to
)

select * from final
