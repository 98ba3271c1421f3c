{% set grain = [
    "measure_code", "product_key", "purchase_phase", "segment_key", "segment_type", "segment_value",
    "period_grain", "period_start", "period_end", "period_is_complete"
] %}

with

measures as (
    select * from {{ ref("int_value_measures_unioned") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

-- A product, a country and a month leave hardly anybody: single products are told for broad segments and long periods.
in_segments as (
    select
        measures.*,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value
    from measures
    inner join segments on measures.customer_key = segments.customer_key
    where
        measures.product_key = 'all'
        or (
            segments.segment_type in ('all', 'market_segment', 'industry')
            and measures.period_grain in ('year', 'trailing_12m')
        )
),

ratio_totals as (
    select
        measure_code,
        product_key,
        purchase_phase,
        segment_key,
        period_grain,
        period_start,
        count(cost_part) as n_parts,
        cast(sum({{ exact("benefit_part") }}) as double) as benefit_total,
        cast(sum({{ exact("cost_part") }}) as double) as cost_total
    from in_segments
    where measure_code = 'value_ratio'
    group by measure_code, product_key, purchase_phase, segment_key, period_grain, period_start
),

contributions as (
    select
        in_segments.*,
        ratio_totals.benefit_total,
        ratio_totals.cost_total,
        case
            when in_segments.measure_code = 'value_ratio'
                then {{ ratio_contribution(
                    "in_segments.benefit_part", "in_segments.cost_part",
                    "ratio_totals.benefit_total", "ratio_totals.cost_total", "ratio_totals.n_parts"
                ) }}
            else in_segments.score
        end as contribution
    from in_segments
    left join ratio_totals
        on
            in_segments.measure_code = ratio_totals.measure_code
            and in_segments.product_key = ratio_totals.product_key
            and in_segments.purchase_phase = ratio_totals.purchase_phase
            and in_segments.segment_key = ratio_totals.segment_key
            and in_segments.period_grain = ratio_totals.period_grain
            and in_segments.period_start = ratio_totals.period_start
),

segment_moments as (
    select
        {{ grain | join(",\n        ") }},
        case when measure_code = 'net_value' then -100 else 0 end as measure_low,
        case when measure_code <> 'value_ratio' then 100 end as measure_high,
        {{ score_moments("contribution") }},
        max(benefit_total) as benefit_total,
        max(cost_total) as cost_total,
        sqrt({{ sample_variance(
            "count(score)", "sum(" ~ exact("score") ~ ")", "sum(" ~ exact("score") ~ " * " ~ exact("score") ~ ")"
        ) }}) as value_sd,
        -- Both at once: each of them would keep every score.
        quantile_cont(score, [0.1, 0.9]) as value_quantiles
    from contributions
    group by {{ grain | join(", ") }}
),

estimated as (
    {{ metric_block(
        "segment_moments", interval="mean", by=["measure_code", "product_key", "purchase_phase"],
        low="measure_low", high="measure_high"
    ) | indent(4) }}
),

final as (
    select
        measure_code,
        product_key,
        purchase_phase,
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        benefit_total,
        cost_total,
        value_sd,
        -- Interpolating between equal scores can differ in the last bit.
        round(value_quantiles[1], 8) + 0.0 as value_p10,
        round(value_quantiles[2], 8) + 0.0 as value_p90,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from estimated
)

select * from final
