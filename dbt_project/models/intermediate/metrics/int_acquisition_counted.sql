with

first_years as (
    select * from {{ ref("int_customer_first_years") }}
),

spend as (
    select * from {{ ref("marketing_spend") }}
),

periods as (
    select *
    from {{ ref("int_periods") }}
    where period_grain <> 'trailing_90d'
),

found as (
    select * from first_years
    union all
    select
        customer_key,
        'all' as lead_source,
        is_referral,
        known_on,
        first_order_on,
        is_earlier_customer,
        has_first_year,
        first_year_margin,
        first_year_revenue,
        first_year_costed_revenue,
        is_month_12_decided,
        is_retained_12m
    from first_years
),

spent as (
    select month_start, lead_source, amount, reach from spend
    union all
    select month_start, 'all' as lead_source, amount, reach from spend
),

leads as (
    select
        found.lead_source,
        periods.period_grain,
        periods.period_start,
        count(*) as new_leads,
        count(found.first_order_on) as converted_leads
    from found
    inner join periods on found.known_on between periods.period_start and periods.period_end
    where not found.is_earlier_customer
    group by 1, 2, 3
),

buyers as (
    select
        found.lead_source,
        periods.period_grain,
        periods.period_start,
        count(case when not found.is_earlier_customer then 1 end) as new_customers,
        count(case when found.is_earlier_customer then 1 end) as earlier_customers,
        count(case when found.is_referral and not found.is_earlier_customer then 1 end) as referred_customers,
        count(case when found.has_first_year and not found.is_earlier_customer then 1 end) as n_first_year_customers,
        {% for measure in ["margin", "revenue", "costed_revenue"] -%}
        sum(
            case when found.has_first_year and not found.is_earlier_customer then found.first_year_{{ measure }} end
        ) as first_year_{{ measure }},
        {% endfor -%}
        count(case when found.is_month_12_decided and not found.is_earlier_customer then 1 end) as n_month_12_customers,
        count(
            case
                when found.is_month_12_decided and found.is_retained_12m and not found.is_earlier_customer then 1
            end
        ) as n_retained_12m
    from found
    inner join periods on found.first_order_on between periods.period_start and periods.period_end
    group by 1, 2, 3
),

spending as (
    select
        spent.lead_source,
        periods.period_grain,
        periods.period_start,
        sum(spent.amount) as spend_amount,
        sum(spent.reach) as reach
    from spent
    inner join periods on spent.month_start between periods.period_start and periods.period_end
    where spent.month_start <= {{ as_of_date() }}
    group by 1, 2, 3
),

keys as (
    select lead_source, period_grain, period_start from leads
    union
    select lead_source, period_grain, period_start from buyers
    union
    select lead_source, period_grain, period_start from spending
),

final as (
    select
        keys.lead_source,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        cast(coalesce(leads.new_leads, 0) as bigint) as new_leads,
        cast(coalesce(leads.converted_leads, 0) as bigint) as converted_leads,
        {% for measure in [
            "new_customers", "earlier_customers", "referred_customers", "n_first_year_customers",
            "n_month_12_customers", "n_retained_12m"
        ] -%}
        cast(coalesce(buyers.{{ measure }}, 0) as bigint) as {{ measure }},
        {% endfor -%}
        cast(buyers.first_year_margin as decimal(18, 2)) as first_year_margin,
        cast(buyers.first_year_revenue as decimal(18, 2)) as first_year_revenue,
        cast(buyers.first_year_costed_revenue as decimal(18, 2)) as first_year_costed_revenue,
        cast(spending.spend_amount as decimal(18, 2)) as spend_amount,
        cast(spending.reach as bigint) as reach
    from keys
    inner join periods
        on keys.period_grain = periods.period_grain and keys.period_start = periods.period_start
    {% for side in ["leads", "buyers", "spending"] -%}
    left join {{ side }}
        on
            keys.lead_source = {{ side }}.lead_source
            and keys.period_grain = {{ side }}.period_grain
            and keys.period_start = {{ side }}.period_start
    {% endfor %}
)

select * from final
