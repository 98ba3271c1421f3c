{#- What makes a customer one at risk, each a column of `reasons_found`. -#}
{% set reasons = ["detractor", "bad_csat", "shortfall", "silence", "order_drop", "open_sla_breach"] %}
{% set silence_factor = 2 %}  {#- times its usual number of days between two orders -#}
{% set drop_share = 0.5 %}    {#- of what it bought in 90 days on average in the twelve months before -#}

with

customers as (
    select * from {{ ref("int_customers") }}
    where status in ('active', 'lapsed')
),

answers as (
    select * from {{ ref("int_loop_answers") }}
    where customer_key is not null and cast(submitted_at as date) > {{ months_after(as_of_date(), -12) }}
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

orders as (
    select * from {{ ref("int_order_lines") }}
    where is_clean_sale and customer_key is not null
),

tickets as (
    select * from {{ ref("int_tickets") }}
),

contacts as (
    select * from {{ ref("int_agent_contacts") }}
),

cases as (
    select * from {{ ref("fct_closed_loop_case") }}
),

amounts as (
    select * from {{ ref("int_customer_amounts") }}
),

-- The last answer counts: who complained and was content since is not at risk for it.
last_answers as (
    select *
    from (
        select
            *,
            row_number() over (
                partition by customer_key, trigger_code order by submitted_at desc, response_key
            ) as recency
        from answers
    ) as numbered
    where recency = 1 and is_bad
),

unhappy as (
    select
        customer_key,
        max(case when trigger_code = 'nps_detractor' then cast(submitted_at as date) end) as detractor_on,
        max(case when trigger_code = 'csat_bad' then cast(submitted_at as date) end) as bad_csat_on,
        max(case when trigger_code = 'gap_shortfall' then cast(submitted_at as date) end) as shortfall_on
    from last_answers
    group by customer_key
),

order_days as (
    select
        customer_key,
        cast(ordered_at as date) as order_day,
        cast(sum(net_amount) as decimal(18, 2)) as net_amount
    from orders
    group by customer_key, cast(ordered_at as date)
),

rhythms as (
    select
        customer_key,
        max(order_day) as last_order_on,
        {{ safe_divide(days_between("min(order_day)", "max(order_day)"), "count(*) - 1") }} as usual_days,
        count(*) as n_order_days,
        sum(case when order_day > {{ days_after(as_of_date(), -90) }} then net_amount else 0 end) as recent_amount,
        sum(
            case
                when
                    order_day > {{ days_after(as_of_date(), -455) }}
                    and order_day <= {{ days_after(as_of_date(), -90) }}
                    then net_amount
                else 0
            end
        ) as earlier_amount,
        min(order_day) <= {{ days_after(as_of_date(), -455) }} as has_full_year_before
    from order_days
    group by customer_key
),

last_responses as (
    select
        customer_key,
        max(cast(submitted_at as date)) as last_response_on
    from responses
    where customer_key is not null and is_kept
    group by customer_key
),

breaches as (
    select
        customer_key,
        min(cast(created_at as date)) as open_sla_breach_on
    from tickets
    where is_sla_breach_open and not is_deleted and not is_merged and customer_key is not null
    group by customer_key
),

last_contacts as (
    select
        customer_key,
        max(cast(contacted_at as date)) as last_contact_on
    from contacts
    group by customer_key
),

open_cases as (
    select *
    from (
        select
            customer_key,
            case_id,
            row_number() over (partition by customer_key order by opened_at desc, case_id) as recency
        from cases
        where outcome in ('open', 'no_contact', 'unchanged')
    ) as numbered
    where recency = 1
),

found as (
    select
        customers.customer_key,
        customers.status,
        unhappy.detractor_on,
        unhappy.bad_csat_on,
        unhappy.shortfall_on,
        -- Silent since the day by which it would usually have ordered again twice over.
        case
            when
                rhythms.n_order_days >= 4
                and {{ days_between("rhythms.last_order_on", as_of_date()) }}
                > {{ silence_factor }} * greatest(rhythms.usual_days, 7)
                and coalesce(last_responses.last_response_on <= rhythms.last_order_on, true)
                then {{ days_after(
                    "rhythms.last_order_on",
                    "ceil(" ~ silence_factor ~ " * greatest(rhythms.usual_days, 7))"
                ) }}
        end as silence_on,
        case
            when
                rhythms.has_full_year_before and rhythms.earlier_amount > 0
                and rhythms.recent_amount < {{ drop_share }} * rhythms.earlier_amount * 90 / 365
                then {{ days_after(as_of_date(), -89) }}
        end as order_drop_on,
        breaches.open_sla_breach_on,
        cast({{ safe_divide("rhythms.recent_amount * 365", "rhythms.earlier_amount * 90") }} - 1 as double)
            as order_change,
        {{ days_between("rhythms.last_order_on", as_of_date()) }} as days_since_order,
        {{ days_between("last_contacts.last_contact_on", as_of_date()) }} as days_since_contact,
        open_cases.case_id,
        amounts.margin_12m_amount,
        amounts.relationship_value_amount
    from customers
    left join unhappy on customers.customer_key = unhappy.customer_key
    left join rhythms on customers.customer_key = rhythms.customer_key
    left join last_responses on customers.customer_key = last_responses.customer_key
    left join breaches on customers.customer_key = breaches.customer_key
    left join last_contacts on customers.customer_key = last_contacts.customer_key
    left join open_cases on customers.customer_key = open_cases.customer_key
    left join amounts on customers.customer_key = amounts.customer_key
),

counted as (
    select
        *,
        {%- for reason in reasons %}
        {{ "+ " if not loop.first }}case when {{ reason }}_on is not null then 1 else 0 end
        {%- endfor %} as n_reasons
    from found
),

dates as (
    {%- for reason in reasons %}
    select customer_key, {{ reason }}_on as reason_on from found
    where {{ reason }}_on is not null
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

bounds as (
    select
        customer_key,
        min(reason_on) as first_reason_on,
        max(reason_on) as last_reason_on
    from dates
    group by customer_key
),

final as (
    select
        counted.customer_key,
        counted.status,
        counted.detractor_on is not null as is_detractor,
        counted.bad_csat_on is not null as has_bad_csat,
        counted.shortfall_on is not null as has_shortfall,
        counted.silence_on is not null as is_silent,
        counted.order_drop_on is not null as has_order_drop,
        counted.open_sla_breach_on is not null as has_open_sla_breach,
        counted.n_reasons,
        bounds.first_reason_on,
        bounds.last_reason_on,
        counted.order_change,
        counted.days_since_order,
        counted.days_since_contact,
        counted.case_id,
        counted.margin_12m_amount as margin_at_risk_amount,
        counted.relationship_value_amount,
        {{ lineage_columns() | indent(8) }}
    from counted
    inner join bounds on counted.customer_key = bounds.customer_key
)

select * from final
