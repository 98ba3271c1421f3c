with

counted as (
    select * from {{ ref("int_acquisition_counted") }}
),

source_moments as (
    select
        *,
        case lead_source when 'all' then 'all:all' else 'lead_source:' || lead_source end as segment_key,
        case lead_source when 'all' then 'all' else 'lead_source' end as segment_type,
        new_leads as n_responses,
        new_leads as n_customers,
        converted_leads as score_total,
        converted_leads as score_square_total
    from counted
),

estimated as (
    {{ metric_block("source_moments", interval="share", low=0, high=1, whole=1) | indent(4) }}
),

-- A source is judged by what its customers brought in a year only when the year of all of them has passed.
valued as (
    select
        *,
        {{ safe_divide("spend_amount", "new_customers") }} as cost_per_customer,
        {{ safe_divide("first_year_margin", "n_first_year_customers") }} as margin_per_customer,
        case
            when n_first_year_customers = new_customers and new_customers > 0
                then {{ safe_divide("first_year_margin", "spend_amount") }}
        end as first_year_margin_per_spend
    from estimated
),

ranked as (
    select
        *,
        row_number() over (
            partition by segment_type, period_grain, period_start
            order by first_year_margin_per_spend desc nulls last, new_customers desc, lead_source
        ) as effectiveness_place
    from valued
),

final as (
    select
        lead_source,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        '{{ var("reporting_currency") }}' as currency,
        new_leads,
        converted_leads,
        estimate as conversion_rate,
        new_customers,
        earlier_customers,
        {{ safe_divide(
            "new_customers",
            "max(case when segment_type = 'all' then new_customers end) over (partition by period_grain, period_start)"
        ) }} as new_customer_share,
        referred_customers,
        {{ safe_divide("referred_customers", "new_customers") }} as referral_share,
        spend_amount,
        reach,
        cast(round(cost_per_customer, 2) as decimal(18, 2)) as cac_amount,
        n_first_year_customers,
        first_year_margin as first_year_margin_amount,
        cast(round(margin_per_customer, 2) as decimal(18, 2)) as first_year_margin_per_customer,
        {{ safe_divide("first_year_costed_revenue", "first_year_revenue") }} as first_year_cost_coverage,
        case
            when margin_per_customer > 0
                then {{ safe_divide("cost_per_customer", "margin_per_customer / 12") }}
        end as payback_months,
        first_year_margin_per_spend,
        case
            when segment_type <> 'all' and first_year_margin_per_spend is not null
                then cast(effectiveness_place as integer)
        end as effectiveness_rank,
        n_month_12_customers,
        n_retained_12m,
        {{ safe_divide("n_retained_12m", "n_month_12_customers") }} as retention_12m,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from ranked
)

select * from final
