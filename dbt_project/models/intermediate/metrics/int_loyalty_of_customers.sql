{% set satisfied_from = 75 %}  {#- "satisfied" or better: four of five points, 7.75 of ten -#}

with

survey_scores as (
    select * from {{ ref("int_survey_scores_averaged") }}
),

purchases as (
    select * from {{ ref("int_purchases_by_period") }}
),

answers as (
    select
        customer_key,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        max(case when metric_code = 'nps' then top_box_share end) as promoter_share,
        max(case when metric_code = 'nps' then bottom_box_share end) as detractor_share,
        max(case when metric_code = 'nps' then n_top_box end) as n_promoters,
        max(case when metric_code = 'nps' then n_bottom_box end) as n_detractors,
        max(case when metric_code = 'nps' then n_answers end) as n_responses,
        max(case when metric_code = 'nps' then weight_nonresponse end) as weight_nonresponse,
        max(case when metric_code = 'nps' then first_scale_key end) as first_scale_key,
        max(case when metric_code = 'nps' then last_scale_key end) as last_scale_key,
        {{ exact_avg("case when metric_code in ('nps', 'recommendation') then score end") }} as recommend_score,
        max(case when metric_code = 'repurchase_intent' then score end) as repurchase_intent,
        max(case when metric_code = 'referral' then top_box_share end) as referral_share,
        max(case when metric_code = 'referral' then n_answers end) as n_referral_answers,
        coalesce(
            max(case when metric_code = 'csat' then score end), max(case when metric_code = 'acsi' then score end)
        ) as satisfaction_score
    from survey_scores
    where
        area = 'overall'
        and metric_code in ('nps', 'recommendation', 'repurchase_intent', 'referral', 'csat', 'acsi')
    group by 1, 2, 3, 4, 5
),

joined as (
    select
        coalesce(answers.customer_key, purchases.customer_key) as customer_key,
        coalesce(answers.period_grain, purchases.period_grain) as period_grain,
        coalesce(answers.period_start, purchases.period_start) as period_start,
        coalesce(answers.period_end, purchases.period_end) as period_end,
        coalesce(answers.period_is_complete, purchases.period_is_complete) as period_is_complete,
        coalesce(answers.n_responses, 0) as n_responses,
        coalesce(answers.n_promoters, 0) as n_promoters,
        coalesce(answers.n_detractors, 0) as n_detractors,
        coalesce(answers.n_referral_answers, 0) as n_referral_answers,
        answers.weight_nonresponse,
        answers.first_scale_key,
        answers.last_scale_key,
        answers.promoter_share,
        answers.detractor_share,
        answers.recommend_score,
        answers.repurchase_intent,
        answers.referral_share,
        answers.satisfaction_score >= {{ satisfied_from }} as is_satisfied,
        purchases.was_customer,
        purchases.has_repurchased,
        purchases.is_active,
        purchases.tenure_days,
        purchases.spend,
        purchases.spend_year_before
    from answers
    full outer join purchases
        on
            answers.customer_key = purchases.customer_key
            and answers.period_grain = purchases.period_grain
            and answers.period_start = purchases.period_start
),

final as (
    select
        *,
        100 * (promoter_share - detractor_share) as nps_score,
        (recommend_score + repurchase_intent) / 2 as loyalty_index,
        case
            when is_satisfied and is_active then 'loyalist'
            when is_satisfied and not is_active then 'mercenary'
            when not is_satisfied and is_active then 'hostage'
            when not is_satisfied and not is_active then 'defector'
        end as quadrant
    from joined
)

select * from final
