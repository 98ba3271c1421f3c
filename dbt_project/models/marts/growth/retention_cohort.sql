with

customer_months as (
    select * from {{ ref("fct_customer_month") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

earlier_customers as (
    select * from {{ ref("int_earlier_customers") }}
),

buying_months as (
    select
        *,
        max(case when is_active then month_number end) over (partition by customer_key) as last_active_number
    from customer_months
    where month_number >= 0
),

-- Who left before a month began is known once the silence since then has lasted for the window.
judged as (
    select
        *,
        month_is_complete
        and (month_number = 0 or {{ is_silence_known(days_after("month_start", -1)) }}) as is_decided
    from buying_months
),

segment_cohorts as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        judged.first_month as cohort_month,
        judged.month_number,
        judged.month_start,
        judged.month_is_complete as is_complete,
        judged.is_decided,
        cast(count(*) as bigint) as size,
        cast(count(earlier_customers.customer_key) as bigint) as n_earlier_customers,
        cast(count(case when judged.is_active then 1 end) as bigint) as n_active,
        cast(count(case when judged.last_active_number >= judged.month_number then 1 end) as bigint) as n_retained,
        cast(sum(judged.revenue) as decimal(18, 2)) as revenue
    from judged
    inner join segments on judged.customer_key = segments.customer_key
    left join earlier_customers on judged.customer_key = earlier_customers.customer_key
    where segments.segment_type in ('all', 'market_segment', 'industry')
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

segment_moments as (
    select
        *,
        'month' as period_grain,
        cohort_month as period_start,
        {{ days_after(months_after("cohort_month", 1), -1) }} as period_end,
        case when is_decided then size else 0 end as n_responses,
        case when is_decided then size else 0 end as n_customers,
        case when is_decided then n_retained end as score_total,
        case when is_decided then n_retained end as score_square_total,
        first_value(case when is_complete then revenue end) over (
            partition by segment_key, cohort_month order by month_number
        ) as first_revenue
    from segment_cohorts
),

estimated as (
    {{ metric_block("segment_moments", interval="share", by=["month_number"], low=0, high=1, whole=1) | indent(4) }}
),

final as (
    select
        segment_key,
        segment_type,
        segment_value,
        cohort_month,
        month_number,
        month_start,
        is_complete,
        is_decided,
        size,
        n_earlier_customers,
        case when is_complete then n_active end as active,
        case when is_decided then n_retained end as retained,
        case when is_complete then {{ safe_divide("n_active", "size") }} end as active_rate,
        estimate as retention_rate,
        case when is_complete then revenue end as revenue,
        first_revenue as revenue_at_start,
        case when is_complete then {{ safe_divide("revenue", "first_revenue") }} end as revenue_retention,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from estimated
)

select * from final
