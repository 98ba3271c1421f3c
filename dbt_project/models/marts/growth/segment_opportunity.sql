with

gaps as (
    select *
    from {{ ref("satisfaction_gap") }}
    where period_grain = 'trailing_12m' and segment_type in ('market_segment', 'industry', 'country', 'region')
),

importance as (
    select * from {{ ref("int_segment_importance") }}
),

equity as (
    select * from {{ ref("int_segment_equity") }}
),

investment as (
    select * from {{ ref("int_segment_investment") }}
),

comparisons as (
    select *
    from {{ ref("value_map") }}
    where period_grain = 'trailing_12m' and product_key = 'all'
),

-- The competitor that is hardest to beat: against which we are worth least.
best_competitors as (
    select
        segment_key,
        competitor_code,
        relative_value_ratio,
        row_number() over (
            partition by segment_key order by relative_value_ratio nulls last, competitor_code
        ) as hardness
    from comparisons
),

joined as (
    select
        gaps.*,
        importance.importance_score,
        importance.importance_share,
        best_competitors.competitor_code as best_competitor_code,
        best_competitors.relative_value_ratio as relative_value,
        equity.population_n,
        equity.equity_amount,
        equity.value_share,
        investment.new_customers,
        coalesce(investment.investment_amount, 0) as investment_amount,
        investment.investment_share,
        gaps.shortfall_mean * equity.value_share * importance.importance_share as opportunity
    from gaps
    inner join equity on gaps.segment_key = equity.segment_key
    left join investment on gaps.segment_key = investment.segment_key
    left join importance
        on gaps.segment_key = importance.segment_key and gaps.attribute_code = importance.attribute_code
    left join best_competitors
        on
            gaps.segment_key = best_competitors.segment_key
            and best_competitors.hardness = 1
            and best_competitors.relative_value_ratio is not null
),

scored as (
    select
        *,
        case when is_reportable then {{ opportunity_score(
            "opportunity", "max(case when is_reportable then opportunity end) over (partition by segment_type)"
        ) }} end as opportunity_score
    from joined
),

final as (
    select
        segment_key,
        segment_type,
        segment_value,
        attribute_code,
        period_grain,
        period_start,
        period_end,
        '{{ var("reporting_currency") }}' as currency,
        population_n,
        gap_score as value_gap,
        ci_low as value_gap_ci_low,
        ci_high as value_gap_ci_high,
        shortfall_mean,
        importance_score,
        importance_share,
        relative_value,
        best_competitor_code,
        equity_amount,
        value_share,
        new_customers,
        investment_amount,
        investment_share,
        opportunity_score,
        is_reportable
        and opportunity_score > 0
        and coalesce(ci_high < 0, false)
        and value_share >= coalesce(investment_share, 0) as invest_flag,
        n_pairs,
        n_customers,
        is_reportable,
        reliability,
        {{ lineage_columns() | indent(8) }}
    from scored
)

select * from final
