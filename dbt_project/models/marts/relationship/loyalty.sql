with

loyal_customers as (
    select * from {{ ref("int_loyalty_of_customers") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

segment_customers as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        loyal_customers.*
    from loyal_customers
    inner join segments on loyal_customers.customer_key = segments.customer_key
),

segment_moments as (
    select
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        {{ score_moments("nps_score") }},
        {{ weighted_mean("nps_score", "weight_nonresponse") }} as nonresponse_weighted,
        min(first_scale_key) as first_scale_key,
        max(last_scale_key) as last_scale_key,
        coalesce({{ exact_sum("promoter_share") }}, 0) as promoter_total,
        coalesce({{ exact_sum("detractor_share") }}, 0) as detractor_total,
        cast(sum(n_promoters) as bigint) as promoters,
        cast(sum(n_responses - n_promoters - n_detractors) as bigint) as passives,
        cast(sum(n_detractors) as bigint) as detractors,
        {{ exact_avg("repurchase_intent") }} as repurchase_intent,
        {{ exact_avg("recommend_score") }} as recommend_score,
        {{ exact_avg("loyalty_index") }} as loyalty_index,
        {{ exact_avg("referral_share") }} as referral_rate,
        count(referral_share) as n_referral_customers,
        cast(sum(n_referral_answers) as bigint) as n_referral_answers,
        count(case when was_customer then 1 end) as n_repurchase_base,
        count(case when has_repurchased then 1 end) as n_repurchased,
        count(case when is_active then 1 end) as n_active_customers,
        {{ exact_avg("case when is_active then tenure_days / 30.4375 end") }} as tenure_months,
        sum(case when spend_year_before > 0 and spend > 0 then spend end) as spend_amount,
        sum(case when spend_year_before > 0 and spend > 0 then spend_year_before end) as spend_year_before_amount,
        count(case when quadrant = 'loyalist' then 1 end) as n_loyalists,
        count(case when quadrant = 'mercenary' then 1 end) as n_mercenaries,
        count(case when quadrant = 'hostage' then 1 end) as n_hostages,
        count(case when quadrant = 'defector' then 1 end) as n_defectors
    from segment_customers
    group by 1, 2, 3, 4, 5, 6, 7
),

estimated as (
    {{ metric_block("segment_moments", interval="nps", low=-100, high=100) | indent(4) }}
),

final as (
    select
        segment_key,
        segment_type,
        segment_value,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        estimate as nps,
        promoters,
        passives,
        detractors,
        {{ net_promoter_score("promoters", "detractors", "n_responses") }} as nps_response_equal,
        {{ clip("nonresponse_weighted", -100, 100) }} as nps_nonresponse_weighted,
        coalesce(
            first_scale_key <> last_scale_key
            or first_scale_key <> lag(last_scale_key) over (
                partition by segment_key, period_grain order by period_start
            ),
            false
        ) as is_scale_break,
        recommend_score,
        repurchase_intent,
        loyalty_index,
        n_referral_answers,
        n_referral_customers,
        referral_rate,
        {{ share_standard_error("referral_rate", "n_referral_customers") }} as referral_se,
        {{ wilson_low("referral_rate", "n_referral_customers", "z") }} as referral_low,
        {{ wilson_high("referral_rate", "n_referral_customers", "z") }} as referral_high,
        n_repurchase_base,
        n_repurchased,
        {{ safe_divide("n_repurchased", "n_repurchase_base") }} as repurchase_rate,
        n_active_customers,
        tenure_months,
        cast(spend_amount as decimal(18, 2)) as spend_amount,
        cast(spend_year_before_amount as decimal(18, 2)) as spend_year_before_amount,
        {{ safe_divide("spend_amount", "spend_year_before_amount") }} - 1 as spend_growth,
        n_loyalists,
        n_mercenaries,
        n_hostages,
        n_defectors,
        {{ metric_block_columns() | indent(8) }},
        {{ lineage_columns() | indent(8) }}
    from estimated
)

select * from final
