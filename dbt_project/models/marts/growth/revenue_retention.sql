{% set movements = ["start", "new", "expansion", "contraction", "churn", "reactivation", "end"] %}
{% set states = ["new", "lost", "paused", "resumed", "reactivated"] %}

with

revenue_movements as (
    select * from {{ ref("int_revenue_movements") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

basis_months as (
    select distinct basis, month_start, month_is_complete, is_decided
    from revenue_movements
),

recent_bounds as (
    select
        basis,
        {{ months_after("max(month_start)", -11) }} as first_month,
        max(month_start) as last_month
    from basis_months
    where is_decided
    group by 1
),

periods as (
    select
        basis,
        'month' as period_grain,
        month_start as period_start,
        {{ days_after(months_after("month_start", 1), -1) }} as period_end,
        month_is_complete as period_is_complete,
        is_decided,
        month_start
    from basis_months
    union all
    select
        basis_months.basis,
        'trailing_12m' as period_grain,
        recent_bounds.first_month as period_start,
        {{ days_after(months_after("recent_bounds.last_month", 1), -1) }} as period_end,
        true as period_is_complete,
        true as is_decided,
        basis_months.month_start
    from basis_months
    inner join recent_bounds
        on
            basis_months.basis = recent_bounds.basis
            and basis_months.month_start between recent_bounds.first_month and recent_bounds.last_month
),

segment_sums as (
    select
        revenue_movements.basis,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        periods.is_decided,
        cast(count(distinct periods.month_start) as bigint) as n_months,
        {% for movement in movements -%}
        cast(sum(revenue_movements.amount_{{ movement }}) as decimal(18, 2)) as amount_{{ movement }},
        {% endfor -%}
        {% for kind in ["voluntary", "involuntary"] -%}
        cast(
            sum(case when revenue_movements.churn_type = '{{ kind }}' then revenue_movements.amount_churn else 0 end)
            as decimal(18, 2)
        ) as churn_{{ kind }},
        cast(count(case when revenue_movements.churn_type = '{{ kind }}' then 1 end) as bigint)
            as customers_lost_{{ kind }},
        {% endfor -%}
        {% for state in states -%}
        cast(count(case when revenue_movements.movement = '{{ state }}' then 1 end) as bigint)
            as customers_{{ state }},
        {% endfor -%}
        cast(count(case when revenue_movements.movement in ('kept', 'lost', 'paused') then 1 end) as bigint)
            as customers_start,
        cast(
            count(case when revenue_movements.movement in ('kept', 'new', 'resumed', 'reactivated') then 1 end)
            as bigint
        ) as customers_end,
        cast(
            count(
                distinct case
                    when revenue_movements.movement in ('kept', 'lost', 'paused') then revenue_movements.customer_key
                end
            ) as bigint
        ) as distinct_customers_start
    from revenue_movements
    inner join segments on revenue_movements.customer_key = segments.customer_key
    inner join periods
        on revenue_movements.basis = periods.basis and revenue_movements.month_start = periods.month_start
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

-- Of each customer that was there at the start of a month: whether it was lost in it.
segment_moments as (
    select
        *,
        case when is_decided then customers_start else 0 end as n_responses,
        case when is_decided then distinct_customers_start else 0 end as n_customers,
        case when is_decided then customers_lost end as score_total,
        case when is_decided then customers_lost end as score_square_total
    from segment_sums
),

estimated as (
    {{ metric_block(
        "segment_moments", interval="share", by=["basis"], low=0, high=1, whole=1, weighting="response_equal"
    ) | indent(4) }}
),

final as (
    select
        basis,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        is_decided,
        n_months,
        '{{ var("reporting_currency") }}' as currency,
        {% for movement in movements -%}
        amount_{{ movement }},
        {% endfor -%}
        churn_voluntary,
        churn_involuntary,
        case when period_is_complete then {{ gross_revenue_retention(
            "amount_start", "amount_contraction", "amount_churn"
        ) }} end as grr,
        case when period_is_complete then {{ net_revenue_retention(
            "amount_start", "amount_expansion", "amount_contraction", "amount_churn"
        ) }} end as nrr,
        customers_start,
        {% for state in states -%}
        customers_{{ state }},
        {% endfor -%}
        customers_end,
        customers_lost_voluntary,
        customers_lost_involuntary,
        estimate as logo_churn,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from estimated
)

select * from final
