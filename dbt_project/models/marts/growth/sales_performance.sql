with

deals as (
    select * from {{ ref("int_deals_counted") }}
),

lost_reasons as (
    select * from {{ ref("int_lost_reasons") }}
),

prospects as (
    select * from {{ ref("int_prospects_by_period") }}
),

segments as (
    select * from {{ ref("dim_segment") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

keys as (
    select segment_key, channel, period_grain, period_start from deals
    union
    select segment_key, 'all' as channel, period_grain, period_start from prospects
),

segment_moments as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        keys.channel,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        {% for measure in [
            "deals_created", "deals_closed", "deals_won", "deals_lost", "deals_open", "n_returns",
            "deals_won_with_amount", "won_amount", "open_amount", "returned_amount"
        ] -%}
        coalesce(deals.{{ measure }}, 0) as {{ measure }},
        {% endfor -%}
        deals.sales_cycle_days_median,
        deals.sales_cycle_days_p90,
        lost_reasons.lost_reason_top,
        lost_reasons.lost_for_top_reason,
        coalesce(lost_reasons.lost_with_reason, 0) as lost_with_reason,
        coalesce(lost_reasons.lost_to_value, 0) as lost_to_value,
        prospects.prospects_known,
        prospects.customers_won,
        coalesce(deals.deals_closed, 0) as n_responses,
        coalesce(deals.n_customers, 0) as n_customers,
        deals.deals_won as score_total,
        deals.deals_won as score_square_total
    from keys
    inner join segments on keys.segment_key = segments.segment_key
    inner join periods
        on keys.period_grain = periods.period_grain and keys.period_start = periods.period_start
    left join deals
        on
            keys.segment_key = deals.segment_key
            and keys.channel = deals.channel
            and keys.period_grain = deals.period_grain
            and keys.period_start = deals.period_start
    left join lost_reasons
        on
            keys.segment_key = lost_reasons.segment_key
            and keys.channel = lost_reasons.channel
            and keys.period_grain = lost_reasons.period_grain
            and keys.period_start = lost_reasons.period_start
    left join prospects
        on
            keys.channel = 'all'
            and keys.segment_key = prospects.segment_key
            and keys.period_grain = prospects.period_grain
            and keys.period_start = prospects.period_start
),

estimated as (
    {{ metric_block(
        "segment_moments", interval="share", by=["channel"], low=0, high=1, whole=1, weighting="response_equal"
    ) | indent(4) }}
),

final as (
    select
        segment_key,
        segment_type,
        segment_value,
        channel,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        '{{ var("reporting_currency") }}' as currency,
        deals_created,
        deals_closed,
        deals_won,
        deals_lost,
        deals_open,
        estimate as win_rate,
        sales_cycle_days_median,
        sales_cycle_days_p90,
        won_amount,
        deals_won_with_amount,
        cast(round({{ safe_divide("won_amount", "deals_won_with_amount") }}, 2) as decimal(18, 2))
            as average_deal_amount,
        open_amount,
        n_returns,
        returned_amount,
        lost_with_reason,
        lost_reason_top,
        {{ safe_divide("lost_for_top_reason", "lost_with_reason") }} as lost_reason_top_share,
        lost_to_value,
        {{ safe_divide("lost_to_value", "lost_with_reason") }} as lost_to_value_share,
        prospects_known,
        customers_won,
        {{ safe_divide("customers_won", "prospects_known") }} as conversion_rate,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from estimated
)

select * from final
