{% set sums = [
    "score_total", "score_square_total", "total_total", "total_square_total", "rest_total", "rest_square_total",
    "product_total",
] %}

with

items as (
    select * from {{ ref("int_item_groups") }}
),

periods as (
    select * from {{ ref("int_periods") }}
    where period_grain in ('quarter', 'year', 'trailing_12m')
),

totalled as (
    select
        *,
        {{ exact("score") }} as item,
        {{ exact("sum(" ~ exact("score") ~ ") over response") }} as total,
        {{ exact("sum(" ~ exact("score") ~ ") over response") }} - {{ exact("score") }} as rest,
        count(*) over response as n_answered
    from items
    window response as (partition by item_group_key, response_key)
),

-- Days are added up to periods: each answer is read once, not once for every period it lies in.
days as (
    select
        item_group_key,
        group_level,
        group_code,
        survey_key,
        respondent_role,
        construct,
        question_key,
        submitted_date,
        n_answered,
        count(*) as n_responses,
        sum(item) as score_total,
        sum(item * item) as score_square_total,
        sum(total) as total_total,
        sum(total * total) as total_square_total,
        sum(rest) as rest_total,
        sum(rest * rest) as rest_square_total,
        sum(item * rest) as product_total
    from totalled
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

dated as (
    select
        days.item_group_key,
        days.group_level,
        days.group_code,
        days.survey_key,
        days.respondent_role,
        days.construct,
        periods.period_grain,
        periods.period_start,
        days.question_key,
        days.n_answered,
        {% for each in sums -%}
        sum(days.{{ each }}) as {{ each }},
        {% endfor -%}
        cast(sum(days.n_responses) as bigint) as n_complete
    from days
    inner join periods on days.submitted_date between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
),

group_sizes as (
    select
        item_group_key,
        period_grain,
        period_start,
        count(distinct question_key) as n_items
    from dated
    group by 1, 2, 3
),

-- A response that left an item out has no total that could be compared.
item_moments as (
    select
        dated.*,
        group_sizes.n_items,
        {{ sample_variance("n_complete", "score_total", "score_square_total") | indent(8) }} as item_variance,
        {{ sample_variance("n_complete", "total_total", "total_square_total") | indent(8) }} as total_variance,
        {{ sample_variance("n_complete", "rest_total", "rest_square_total") | indent(8) }} as rest_variance,
        {{ correlation_of_sums(
            "cast(n_complete as decimal(18, 0))", "score_total", "rest_total", "score_square_total",
            "rest_square_total", "product_total"
        ) | indent(8) }} as item_rest_correlation
    from dated
    inner join group_sizes
        on
            dated.item_group_key = group_sizes.item_group_key
            and dated.period_grain = group_sizes.period_grain
            and dated.period_start = group_sizes.period_start
    where dated.n_answered = group_sizes.n_items
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
