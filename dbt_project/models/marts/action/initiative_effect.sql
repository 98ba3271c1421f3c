{% set tails = "cast(1 - " ~ var("confidence") ~ " as double)" %}
{% set panel_from = 0.8 %}  {#- of the customers answered both before and after; fewer make two groups of their own -#}
{% set fewest = var("min_n_publish") %}
{% set cells = {} %}
{% for arm in ["treated", "control"] %}
{% for phase in ["pre", "post", "change"] %}
{% do cells.update({arm ~ "_" ~ phase: "case when arm = '" ~ arm ~ "' then " ~ phase ~ "_score end"}) %}
{% endfor %}
{% endfor %}

with

initiatives as (
    select * from {{ ref("stg_files__initiatives") }}
),

windows as (
    select * from {{ ref("int_initiative_windows") }}
),

subjects as (
    select * from {{ ref("int_metric_subjects") }}
),

arms as (
    select * from {{ ref("int_initiative_arms") }}
),

scores as (
    select * from {{ ref("int_initiative_scores") }}
    where phase in ('pre', 'post')
),

pre_trends as (
    select * from {{ ref("int_initiative_pre_trends") }}
),

excluded as (
    select
        initiative_id,
        cast(count(*) as bigint) as n_control_excluded
    from arms
    where arm = 'excluded'
    group by initiative_id
),

-- Each initiative is judged by its own metric, and by whatever else customers say about the same subject.
asked as (
    select initiative_id, metric_code from windows
    union
    select initiative_id, metric_code from scores
),

customers as (
    select
        initiative_id,
        metric_code,
        arm,
        customer_key,
        max(case when phase = 'pre' then score end) as pre_score,
        max(case when phase = 'post' then score end) as post_score
    from scores
    group by initiative_id, metric_code, arm, customer_key
),

overlap as (
    select
        initiative_id,
        metric_code,
        {{ safe_divide(
            "count(case when pre_score is not null and post_score is not null then 1 end)", "count(*)"
        ) }} as share_in_both
    from customers
    group by initiative_id, metric_code
),

used as (
    select
        customers.*,
        overlap.share_in_both >= {{ panel_from }} as is_panel,
        customers.post_score - customers.pre_score as change_score
    from customers
    inner join overlap
        on customers.initiative_id = overlap.initiative_id and customers.metric_code = overlap.metric_code
    where
        overlap.share_in_both < {{ panel_from }}
        or (customers.pre_score is not null and customers.post_score is not null)
),

cells as (
    select
        initiative_id,
        metric_code,
        {% for cell, score in cells.items() -%}
        cast(count({{ score }}) as bigint) as n_{{ cell }},
        {{ exact_avg(score) }} as {{ cell }}_mean,
        {{ exact_standard_error(score) }} as {{ cell }}_se,
        {% endfor -%}
        bool_or(is_panel) as is_panel
    from used
    group by initiative_id, metric_code
),

measured as (
    select
        *,
        least(n_treated_pre, n_treated_post) as n_treated_smaller,
        least(n_control_pre, n_control_post) as n_control_smaller,
        least(n_control_pre, n_control_post) >= {{ fewest }} as has_control,
        treated_post_mean - treated_pre_mean as before_after_delta,
        case
            when is_panel then treated_change_se
            else {{ combined_standard_error(["treated_pre_se", "treated_post_se"]) }}
        end as before_after_se,
        case
            when is_panel then n_treated_change - 1
            else {{ combined_degrees_of_freedom(
                ["treated_pre_se", "treated_post_se"], ["n_treated_pre", "n_treated_post"]
            ) }}
        end as before_after_df,
        {{ difference_in_differences(
            "treated_pre_mean", "treated_post_mean", "control_pre_mean", "control_post_mean"
        ) }} as did_att,
        case
            when is_panel then {{ combined_standard_error(["treated_change_se", "control_change_se"]) }}
            else {{ combined_standard_error(
                ["treated_pre_se", "treated_post_se", "control_pre_se", "control_post_se"]
            ) }}
        end as did_se,
        case
            when is_panel then {{ combined_degrees_of_freedom(
                ["treated_change_se", "control_change_se"], ["n_treated_change", "n_control_change"]
            ) }}
            else {{ combined_degrees_of_freedom(
                ["treated_pre_se", "treated_post_se", "control_pre_se", "control_post_se"],
                ["n_treated_pre", "n_treated_post", "n_control_pre", "n_control_post"]
            ) }}
        end as did_df
    from cells
),

chosen as (
    select
        *,
        cast({{ tails }} as double) as tails,
        case when has_control then did_att else before_after_delta end as effect,
        case when has_control then did_se else before_after_se end as effect_se,
        case when has_control then did_df else cast(before_after_df as double) end as effect_df
    from measured
),

quantiles as (
    {{ t_quantiles_at("chosen", "effect_df", "tails") | indent(4) }}
),

bounded as (
    select
        chosen.*,
        chosen.effect - quantiles.t_quantile * chosen.effect_se as effect_low,
        chosen.effect + quantiles.t_quantile * chosen.effect_se as effect_high
    from chosen
    left join quantiles
        on chosen.effect_df = quantiles.degrees_of_freedom and chosen.tails = quantiles.tails
),

joined as (
    select
        windows.*,
        asked.metric_code as outcome_code,
        initiatives.segment_value,
        cast(initiatives.expected_effect as double) as expected_points,
        cast(initiatives.actual_cost_amount as decimal(18, 2)) as actual_cost_amount,
        coalesce(outcomes.direction, 'higher_better') as direction,
        case coalesce(outcomes.direction, 'higher_better') when 'lower_better' then -1 else 1 end as favourable_sign,
        coalesce(excluded.n_control_excluded, 0) as n_control_excluded,
        pre_trends.n_pre_quarters,
        pre_trends.pre_trend_z,
        bounded.is_panel,
        coalesce(bounded.has_control, false) as has_control,
        coalesce(bounded.n_treated_pre, 0) as n_treated_pre,
        coalesce(bounded.n_treated_post, 0) as n_treated_post,
        coalesce(bounded.n_control_pre, 0) as n_control_pre,
        coalesce(bounded.n_control_post, 0) as n_control_post,
        coalesce(
            case
                when bounded.has_control then least(bounded.n_treated_smaller, bounded.n_control_smaller)
                else bounded.n_treated_smaller
            end, 0
        ) as n_customers,
        bounded.treated_pre_mean,
        bounded.treated_post_mean,
        bounded.control_pre_mean,
        bounded.control_post_mean,
        bounded.before_after_delta,
        bounded.before_after_se,
        bounded.did_att,
        bounded.did_se,
        bounded.effect,
        bounded.effect_se,
        bounded.effect_low,
        bounded.effect_high
    from asked
    inner join windows on asked.initiative_id = windows.initiative_id
    inner join initiatives on asked.initiative_id = initiatives.initiative_id
    left join bounded
        on asked.initiative_id = bounded.initiative_id and asked.metric_code = bounded.metric_code
    left join pre_trends
        on asked.initiative_id = pre_trends.initiative_id and asked.metric_code = pre_trends.metric_code
    left join excluded on asked.initiative_id = excluded.initiative_id
    left join subjects as outcomes on asked.metric_code = outcomes.metric_code
),

judged as (
    select
        *,
        case
            when metric_code is null then 'no_metric'
            when not is_known_metric then 'unknown_metric'
            when not has_begun then not_begun_reason
            when n_treated_pre + n_treated_post + n_control_pre + n_control_post = 0 then 'not_asked_of_customers'
            when {{ days_between("post_start", "post_end") }} + 1 < {{ var("initiative_min_days") }} then 'too_few_days'
            when n_customers < {{ fewest }} then 'too_few_customers'
            when effect_low is null then 'no_variation'
        end as unavailable_reason,
        case
            when effect_se is null then 'none'
            when not has_control then 'before_after'
            when is_inseparable or coalesce(abs(pre_trend_z) >= {{ critical_z() }}, true) then 'weak'
            else 'did'
        end as identification
    from joined
),

final as (
    select
        initiative_id,
        coalesce(outcome_code, 'none') as metric_code,
        coalesce(outcome_code = metric_code, true) as is_target_metric,
        subject_code,
        segment_key,
        segment_type,
        segment_value,
        direction,
        start_date,
        pre_start,
        pre_end,
        post_start,
        post_end,
        case when has_begun then {{ days_between("post_start", "post_end") }} + 1 end as n_days_after,
        case when is_panel then 'panel' when not is_panel then 'cross_section' end as design,
        n_treated_pre,
        n_treated_post,
        n_control_pre,
        n_control_post,
        n_control_excluded,
        treated_pre_mean as pre_mean,
        treated_post_mean as post_mean,
        control_pre_mean,
        control_post_mean,
        before_after_delta,
        before_after_se,
        did_att,
        did_se,
        n_pre_quarters,
        pre_trend_z,
        identification,
        effect,
        effect_se,
        effect_low,
        effect_high,
        favourable_sign * effect as favourable_effect,
        case when outcome_code = metric_code then expected_points end as expected_effect,
        actual_cost_amount,
        case
            when outcome_code = metric_code
                then 1000 * {{ safe_divide("favourable_sign * effect", "actual_cost_amount") }}
        end as effect_per_cost,
        overlaps_with,
        n_overlapping,
        is_window_cut,
        is_inseparable,
        unavailable_reason,
        case
            when unavailable_reason in ('too_few_days', 'too_few_customers', 'not_started') then 'too_early'
            when unavailable_reason is not null then null
            when favourable_sign * effect > 0 and (effect_low > 0 or effect_high < 0) then 'improved'
            when effect_low > 0 or effect_high < 0 then 'worse'
            else 'no_change'
        end as verdict,
        cast(n_customers as bigint) as n_customers,
        n_customers >= {{ var("min_n_publish") }} as is_reportable,
        case
            when n_customers < {{ var("min_n_publish") }} then 'suppressed'
            when n_customers < {{ var("min_n_reliable") }} then 'directional'
            else 'reliable'
        end as reliability,
        {{ lineage_columns() | indent(8) }}
    from judged
)

select * from final
