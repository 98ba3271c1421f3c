with

texts as (
    select * from {{ ref("int_feedback_texts") }}
),

words as (
    select * from {{ ref("int_feedback_words") }}
),

expressions as (
    select * from {{ ref("int_feedback_expressions") }}
),

sentiment_expressions as (
    select *
    from expressions
    where role <> 'theme'
),

themed as (
    select distinct text_hash
    from expressions
    where role = 'theme'
),

-- "No complaints" is praise: the longer expression takes the words of the shorter ones in it.
covered as (
    select distinct
        shorter.text_hash,
        shorter.from_position,
        shorter.to_position
    from sentiment_expressions as shorter
    inner join sentiment_expressions as longer
        on
            shorter.text_hash = longer.text_hash
            and shorter.from_position >= longer.from_position
            and shorter.to_position <= longer.to_position
            and shorter.to_position - shorter.from_position < longer.to_position - longer.from_position
),

read_once as (
    select sentiment_expressions.*
    from sentiment_expressions
    left join covered
        on
            sentiment_expressions.text_hash = covered.text_hash
            and sentiment_expressions.from_position = covered.from_position
            and sentiment_expressions.to_position = covered.to_position
    where covered.text_hash is null
),

-- A negation reaches three words on; the German "nicht" may also follow what it denies.
modified as (
    select
        judging.text_hash,
        judging.clause_number,
        judging.from_position,
        judging.weight,
        bool_or(coalesce(
            (
                modifying.role in ('negation', 'negation_before')
                and judging.from_position - modifying.to_position between 1 and 3
            )
            or (modifying.role = 'negation' and modifying.from_position - judging.to_position between 1 and 3),
            false
        )) as is_negated,
        max(case when modifying.role in ('negation', 'negation_before') then modifying.weight end) as negation_weight,
        max(
            case
                when modifying.role = 'amplifier' and judging.from_position - modifying.to_position between 1 and 2
                    then modifying.weight
            end
        ) as amplifier_weight
    from read_once as judging
    left join read_once as modifying
        on
            judging.text_hash = modifying.text_hash
            and judging.clause_number = modifying.clause_number
            and modifying.role in ('negation', 'negation_before', 'amplifier')
    where judging.role = 'polarity'
    group by judging.text_hash, judging.clause_number, judging.from_position, judging.weight
),

contrasts as (
    select text_hash, max(case when is_contrast then clause_number else 0 end) as last_contrast
    from words
    group by text_hash
),

weighed as (
    select
        modified.text_hash,
        {{ polarity(
            "modified.weight", "modified.amplifier_weight", "modified.is_negated", "modified.negation_weight"
        ) }} as polarity,
        {{ contrast_weight("modified.clause_number", "contrasts.last_contrast") }} as importance
    from modified
    inner join contrasts on modified.text_hash = contrasts.text_hash
),

summed as (
    select
        text_hash,
        {{ exact_sum("importance * polarity") }} as polarity_total,
        {{ exact_sum("importance") }} as importance_total,
        {{ exact_sum("case when polarity > 0 then importance * polarity else 0 end") }} as praise,
        {{ exact_sum("case when polarity < 0 then -importance * polarity else 0 end") }} as blame
    from weighed
    group by text_hash
),

scored as (
    select
        texts.text_hash,
        {{ safe_divide("summed.polarity_total", "summed.importance_total") }} as sentiment_score,
        coalesce(summed.praise, 0) as praise,
        coalesce(summed.blame, 0) as blame,
        themed.text_hash is not null as is_themed
    from texts
    left join summed on texts.text_hash = summed.text_hash
    left join themed on texts.text_hash = themed.text_hash
),

final as (
    select
        text_hash,
        sentiment_score,
        praise,
        blame,
        {{ sentiment_of("sentiment_score", "praise", "blame", "is_themed") }} as sentiment
    from scored
)

select * from final
