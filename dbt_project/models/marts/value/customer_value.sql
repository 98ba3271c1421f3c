with

perceived_values as (
    select * from {{ ref("int_perceived_value") }}
),

attitude_scores as (
    select * from {{ ref("int_attitudes_averaged") }}
),

attitudes as (
    select
        customer_key,
        product_key,
        purchase_phase,
        period_grain,
        period_start,
        {{ exact_avg("case when metric_code = 'trust' then score end") }} as trust_score,
        {{ exact_avg("case when metric_code = 'feel_valued' then score end") }} as feel_valued_score
    from attitude_scores
    group by 1, 2, 3, 4, 5
),

-- What was felt after the purchase says more than what was hoped for before it.
phased as (
    select
        *,
        row_number() over (
            partition by customer_key, product_key, period_grain, period_start
            order by case purchase_phase when 'post_purchase' then 1 else 2 end
        ) as phase_rank,
        max(case when purchase_phase = 'pre_purchase' then net_value_score end) over (
            partition by customer_key, product_key, period_grain, period_start
        ) as pre_purchase_value_score,
        max(case when purchase_phase = 'post_purchase' then net_value_score end) over (
            partition by customer_key, product_key, period_grain, period_start
        ) as post_purchase_value_score
    from perceived_values
),

followed as (
    select
        *,
        lag(net_value_score) over history as earlier_value_score,
        lag(period_end) over history as earlier_end
    from phased
    where phase_rank = 1
    window
        history as (partition by customer_key, product_key, purchase_phase, period_grain order by period_start)
),

final as (
    select
        followed.customer_key,
        followed.product_key,
        followed.period_grain,
        followed.period_start,
        followed.period_end,
        followed.period_is_complete,
        followed.purchase_phase as value_basis,
        followed.functional_score,
        followed.emotional_score,
        followed.social_score,
        followed.financial_score,
        followed.benefit_score,
        followed.monetary_cost_score,
        followed.time_cost_score,
        followed.effort_cost_score,
        followed.psychological_cost_score,
        followed.cost_score,
        followed.net_value_score,
        followed.value_ratio,
        followed.tangible_benefit_score,
        followed.intangible_benefit_score,
        followed.pre_purchase_value_score,
        followed.post_purchase_value_score,
        case
            when {{ days_after("followed.earlier_end", 1) }} = followed.period_start
                then followed.net_value_score - followed.earlier_value_score
        end as value_change,
        attitudes.trust_score,
        attitudes.feel_valued_score,
        followed.benefit_kinds_observed,
        'equal' as weight_method,
        followed.n_answers,
        {{ lineage_columns() | indent(8) }}
    from followed
    left join attitudes
        on
            followed.customer_key = attitudes.customer_key
            and followed.product_key = attitudes.product_key
            and followed.purchase_phase = attitudes.purchase_phase
            and followed.period_grain = attitudes.period_grain
            and followed.period_start = attitudes.period_start
)

select * from final
