with

item_scores as (
    select * from {{ ref("int_item_scores") }}
),

item_pairs as (
    select * from {{ ref("int_item_pairs") }}
),

reliability as (
    select * from {{ ref("int_item_reliability") }}
    where group_level = 'attribute'
),

periods as (
    select * from {{ ref("int_periods") }}
    where period_grain in ('quarter', 'year', 'trailing_12m')
),

items as (
    select
        item_scores.question_key,
        item_scores.survey_key,
        item_scores.question_tag,
        item_scores.respondent_role,
        item_scores.construct,
        item_scores.metric_code,
        item_scores.attribute_code,
        item_scores.scale_code,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        count(*) as n_responses,
        {{ exact_avg("item_scores.raw_value") }} as mean_raw,
        sqrt({{ sample_variance(
            "count(*)",
            "sum(" ~ exact("item_scores.raw_value") ~ ")",
            "sum(" ~ exact("item_scores.raw_value") ~ " * " ~ exact("item_scores.raw_value") ~ ")"
        ) | indent(8) }}) as sd_raw,
        {{ exact_avg("item_scores.score") }} as mean_score,
        {{ exact_standard_error("item_scores.score") }} as se_score
    from item_scores
    inner join periods on item_scores.submitted_date between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
),

item_gaps as (
    select
        item_pairs.question_key,
        item_pairs.paired_question_key,
        expectations.question_tag as paired_question_tag,
        periods.period_grain,
        periods.period_start,
        count(*) as n_pairs,
        {{ exact_avg("case when experiences.scale_code = expectations.scale_code and not experiences.is_reversed "
            ~ "and not expectations.is_reversed then experiences.raw_value - expectations.raw_value end") }} as gap_raw,
        {{ exact_avg("experiences.score - expectations.score") }} as gap_score,
        {{ exact_standard_error("(experiences.score - expectations.score)") }} as gap_se,
        {{ exact_correlation("expectations.score", "experiences.score") }} as corr_ep
    from item_pairs
    inner join item_scores as experiences on item_pairs.question_key = experiences.question_key
    inner join item_scores as expectations
        on
            item_pairs.paired_question_key = expectations.question_key
            and experiences.response_key = expectations.response_key
    inner join periods on experiences.submitted_date between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5
),

final as (
    select
        items.question_key,
        items.survey_key,
        items.question_tag,
        items.respondent_role,
        items.construct,
        items.metric_code,
        items.attribute_code,
        items.scale_code,
        items.period_grain,
        items.period_start,
        items.period_end,
        items.period_is_complete,
        items.n_responses,
        items.mean_raw,
        items.sd_raw,
        items.mean_score,
        items.se_score,
        own.n_items,
        coalesce(own.n_complete, 0) as n_complete,
        own.cronbach_alpha,
        own.alpha_if_deleted,
        own.item_rest_correlation,
        item_gaps.paired_question_key,
        item_gaps.paired_question_tag,
        coalesce(item_gaps.n_pairs, 0) as n_pairs,
        item_gaps.gap_raw,
        item_gaps.gap_score,
        item_gaps.gap_se,
        item_gaps.corr_ep,
        difference.cronbach_alpha as gap_alpha,
        {{ is_reportable("items.n_responses") }} as is_reportable,
        {{ reliability("items.n_responses") | indent(8) }} as reliability,
        'response_equal' as weighting,
        {{ lineage_columns() | indent(8) }}
    from items
    left join reliability as own
        on
            items.question_key = own.question_key
            and items.construct = own.construct
            and items.period_grain = own.period_grain
            and items.period_start = own.period_start
    left join reliability as difference
        on
            items.question_key = difference.question_key
            and difference.construct = 'gap'
            and items.period_grain = difference.period_grain
            and items.period_start = difference.period_start
    left join item_gaps
        on
            items.question_key = item_gaps.question_key
            and items.period_grain = item_gaps.period_grain
            and items.period_start = item_gaps.period_start
)

select * from final
