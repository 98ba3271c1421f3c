with

items as (
    select * from {{ ref("int_item_groups") }}
),

periods as (
    select * from {{ ref("int_periods") }}
    where period_grain in ('quarter', 'year', 'trailing_12m')
),

dated as (
    select
        items.*,
        periods.period_grain,
        periods.period_start
    from items
    inner join periods on items.submitted_date between periods.period_start and periods.period_end
),

group_sizes as (
    select
        item_group_key,
        period_grain,
        period_start,
        count(distinct question_key) as n_items
    from dated
    group by item_group_key, period_grain, period_start
),

totals as (
    select
        item_group_key,
        period_grain,
        period_start,
        response_key,
        count(*) as n_answered,
        sum({{ exact("score") }}) as total
    from dated
    group by item_group_key, period_grain, period_start, response_key
),

-- A response that left an item out has no total that could be compared.
complete as (
    select
        dated.item_group_key,
        dated.group_level,
        dated.group_code,
        dated.survey_key,
        dated.respondent_role,
        dated.construct,
        dated.period_grain,
        dated.period_start,
        dated.question_key,
        group_sizes.n_items,
        {{ exact("dated.score") }} as score,
        {{ exact("totals.total") }} as total,
        {{ exact("totals.total") }} - {{ exact("dated.score") }} as rest
    from dated
    inner join totals
        on
            dated.item_group_key = totals.item_group_key
            and dated.period_grain = totals.period_grain
            and dated.period_start = totals.period_start
            and dated.response_key = totals.response_key
    inner join group_sizes
        on
            dated.item_group_key = group_sizes.item_group_key
            and dated.period_grain = group_sizes.period_grain
            and dated.period_start = group_sizes.period_start
    where totals.n_answered = group_sizes.n_items
),

item_moments as (
    select
        item_group_key,
        group_level,
        group_code,
        survey_key,
        respondent_role,
        construct,
        period_grain,
        period_start,
        question_key,
        n_items,
        count(*) as n_complete,
        {{ sample_variance("count(*)", "sum(score)", "sum(score * score)") | indent(8) }} as item_variance,
        {{ sample_variance("count(*)", "sum(total)", "sum(total * total)") | indent(8) }} as total_variance,
        {{ sample_variance("count(*)", "sum(rest)", "sum(rest * rest)") | indent(8) }} as rest_variance,
        {{ exact_correlation("score", "rest") | indent(8) }} as item_rest_correlation
    from complete
    group by
        item_group_key, group_level, group_code, survey_key, respondent_role, construct, period_grain, period_start,
        question_key, n_items
),

-- Variances are rounded before they are summed: the order of a sum of doubles is not fixed.
summed as (
    select
        *,
        {{ "sum(" ~ exact("item_variance") ~ ")" }} over (
            partition by item_group_key, period_grain, period_start
        ) as item_variances
    from item_moments
),

final as (
    select
        item_group_key,
        group_level,
        group_code,
        survey_key,
        respondent_role,
        construct,
        period_grain,
        period_start,
        question_key,
        n_items,
        n_complete,
        case when n_items >= 2 then {{ cronbach_alpha("n_items", "item_variances", "total_variance") }} end
            as cronbach_alpha,
        case
            when n_items >= 3
                then {{ cronbach_alpha(
                    "(n_items - 1)", "(item_variances - " ~ exact("item_variance") ~ ")", "rest_variance"
                ) | indent(16) }}
        end as alpha_if_deleted,
        case when n_items >= 2 then item_rest_correlation end as item_rest_correlation
    from summed
)

select * from final
