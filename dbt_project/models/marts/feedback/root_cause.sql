with

cases as (
    select * from {{ ref("int_cause_cases") }}
),

judging_customers as (
    select * from {{ ref("int_dissatisfied_customers") }}
),

segments as (
    select *
    from {{ ref("int_customer_segments") }}
    where segment_type in ('all', 'market_segment')
),

cause_mix as (
    select * from {{ ref("int_cause_mix") }}
),

causes as (
    select * from {{ ref("cause") }}
),

window_of_year as (
    select
        period_start,
        period_end
    from {{ ref("int_periods") }}
    where period_grain = 'trailing_12m'
),

customer_causes as (
    select
        cases.customer_key,
        cases.cause_code,
        count(*) as n_cases,
        sum(cases.cause_weight) as weighted_cases
    from cases
    inner join window_of_year
        on cast(cases.occurred_at as date) between window_of_year.period_start and window_of_year.period_end
    where cases.customer_key is not null
    group by 1, 2
),

groups as (
    select
        judging_customers.attribute_code,
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        judging_customers.customer_key,
        judging_customers.is_dissatisfied
    from judging_customers
    inner join segments on judging_customers.customer_key = segments.customer_key
),

group_sizes as (
    select
        attribute_code,
        segment_key,
        segment_type,
        segment_value,
        cast(sum(case when is_dissatisfied then 1 else 0 end) as bigint) as n_dissatisfied,
        cast(sum(case when is_dissatisfied then 0 else 1 end) as bigint) as n_satisfied
    from groups
    group by 1, 2, 3, 4
),

group_causes as (
    select
        groups.attribute_code,
        groups.segment_key,
        customer_causes.cause_code,
        cast(sum(case when groups.is_dissatisfied then 1 else 0 end) as bigint) as n_dissatisfied_with_cause,
        cast(sum(case when groups.is_dissatisfied then 0 else 1 end) as bigint) as n_satisfied_with_cause,
        cast(sum(case when groups.is_dissatisfied then customer_causes.n_cases else 0 end) as bigint) as n_cases,
        sum(case when groups.is_dissatisfied then customer_causes.weighted_cases else 0 end) as weighted_cases
    from groups
    inner join customer_causes on groups.customer_key = customer_causes.customer_key
    group by 1, 2, 3
),

cause_themes as (
    select
        groups.attribute_code,
        groups.segment_key,
        cases.cause_code,
        cases.theme_code,
        row_number() over (
            partition by groups.attribute_code, groups.segment_key, cases.cause_code
            order by sum(cases.cause_weight) desc, cases.theme_code
        ) as theme_rank
    from groups
    inner join cases on groups.customer_key = cases.customer_key
    inner join window_of_year
        on cast(cases.occurred_at as date) between window_of_year.period_start and window_of_year.period_end
    where groups.is_dissatisfied
    group by 1, 2, 3, 4
),

-- The change of satisfaction with tickets is told once, on the rows of the company as a whole.
listed as (
    select
        attribute_code,
        segment_key,
        cause_code
    from group_causes
    union
    select
        'overall' as attribute_code,
        segment_key,
        cause_code
    from cause_mix
),

joined as (
    select
        listed.attribute_code,
        listed.cause_code,
        listed.segment_key,
        coalesce(group_sizes.segment_type, cause_mix.segment_type) as segment_type,
        coalesce(group_sizes.segment_value, cause_mix.segment_value) as segment_value,
        coalesce(group_sizes.n_dissatisfied, 0) as n_dissatisfied,
        coalesce(group_sizes.n_satisfied, 0) as n_satisfied,
        coalesce(group_causes.n_dissatisfied_with_cause, 0) as n_dissatisfied_with_cause,
        coalesce(group_causes.n_satisfied_with_cause, 0) as n_satisfied_with_cause,
        coalesce(group_causes.n_cases, 0) as n_cases,
        cast(coalesce(group_causes.weighted_cases, 0) as decimal(18, 9)) as weighted_cases,
        cause_themes.theme_code as top_theme,
        cause_mix.n_rated_prior,
        cause_mix.n_rated,
        cause_mix.share_prior as ticket_share_prior,
        cause_mix.share_current as ticket_share,
        cause_mix.csat_prior as ticket_csat_prior,
        cause_mix.csat_current as ticket_csat,
        cause_mix.mix_effect,
        cause_mix.rate_effect,
        cause_mix.csat_change as ticket_csat_change
    from listed
    left join group_sizes
        on listed.attribute_code = group_sizes.attribute_code and listed.segment_key = group_sizes.segment_key
    left join group_causes
        on
            listed.attribute_code = group_causes.attribute_code
            and listed.segment_key = group_causes.segment_key
            and listed.cause_code = group_causes.cause_code
    left join cause_themes
        on
            listed.attribute_code = cause_themes.attribute_code
            and listed.segment_key = cause_themes.segment_key
            and listed.cause_code = cause_themes.cause_code
            and cause_themes.theme_rank = 1
    left join cause_mix
        on
            listed.attribute_code = 'overall'
            and listed.segment_key = cause_mix.segment_key
            and listed.cause_code = cause_mix.cause_code
),

ranked as (
    select
        *,
        row_number() over by_weight as cause_rank,
        sum(weighted_cases) over (partition by attribute_code, segment_key) as weighted_cases_of_all,
        sum(weighted_cases) over by_weight as cumulative_cases
    from joined
    where n_dissatisfied > 0 or attribute_code = 'overall'
    window by_weight as (
        partition by attribute_code, segment_key
        order by weighted_cases desc, cause_code
        rows between unbounded preceding and current row
    )
),

measured as (
    select
        *,
        {{ safe_divide("weighted_cases", "weighted_cases_of_all") }} as weighted_share,
        {{ safe_divide("cumulative_cases", "weighted_cases_of_all") }} as cumulative_share,
        {{ safe_divide("n_dissatisfied_with_cause", "n_dissatisfied") }} as share_if_dissatisfied,
        {{ safe_divide("n_satisfied_with_cause", "n_satisfied") }} as share_if_satisfied,
        {{ log_odds_ratio(
            "n_dissatisfied_with_cause", "n_dissatisfied", "n_satisfied_with_cause", "n_satisfied"
        ) }} as log_odds,
        {{ log_odds_standard_error(
            "n_dissatisfied_with_cause", "n_dissatisfied", "n_satisfied_with_cause", "n_satisfied"
        ) }} as log_odds_se
    from ranked
),

critical as (
    select {{ critical_z() }} as z
),

final as (
    select
        measured.attribute_code,
        measured.cause_code,
        measured.segment_key,
        measured.segment_type,
        measured.segment_value,
        window_of_year.period_start,
        window_of_year.period_end,
        causes.name as cause_name,
        causes.category,
        causes.stage_code,
        measured.n_dissatisfied,
        measured.n_satisfied,
        measured.n_dissatisfied_with_cause,
        measured.n_satisfied_with_cause,
        measured.n_cases,
        cast(measured.weighted_cases as double) as weighted_cases,
        measured.weighted_share,
        cast(measured.cause_rank as integer) as cause_rank,
        measured.cumulative_share,
        measured.weighted_cases > 0
        and {{ is_vital_few("measured.cumulative_share", "measured.cause_rank") }} as is_vital_few,
        measured.share_if_dissatisfied,
        measured.share_if_satisfied,
        {{ safe_divide("measured.share_if_dissatisfied", "measured.share_if_satisfied") }} as lift,
        measured.log_odds,
        measured.log_odds_se,
        measured.log_odds - critical.z * measured.log_odds_se as log_odds_low,
        measured.log_odds + critical.z * measured.log_odds_se as log_odds_high,
        abs(measured.log_odds) > critical.z * measured.log_odds_se as is_associated,
        measured.top_theme,
        measured.n_rated_prior,
        measured.n_rated,
        measured.ticket_share_prior,
        measured.ticket_share,
        measured.ticket_csat_prior,
        measured.ticket_csat,
        measured.mix_effect,
        measured.rate_effect,
        measured.ticket_csat_change,
        measured.n_dissatisfied_with_cause >= {{ var("min_n_publish") }} as is_reportable,
        case
            when measured.n_dissatisfied_with_cause < {{ var("min_n_publish") }} then 'suppressed'
            when measured.n_dissatisfied_with_cause < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() | indent(8) }}
    from measured
    cross join window_of_year
    cross join critical
    inner join causes on measured.cause_code = causes.cause_code
)

select * from final
