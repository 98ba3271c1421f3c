with

words as (
    select * from {{ ref("int_feedback_words") }}
),

languages as (
    select * from {{ ref("int_feedback_languages") }}
),

theme_phrases as (
    select * from {{ ref("theme_phrase") }}
),

sentiment_words as (
    select * from {{ ref("sentiment_word") }}
),

phrases_unioned as (
    select
        language,
        phrase,
        'theme' as role,
        theme_code,
        cast(null as double) as weight
    from theme_phrases
    union all
    select
        language,
        phrase,
        role,
        cast(null as varchar) as theme_code,
        cast(weight as double) as weight
    from sentiment_words
),

phrases as (
    select
        language,
        role,
        theme_code,
        weight,
        {{ joined_words(text_words("phrase")) }} as phrase,
        {{ list_size(text_words("phrase")) }} as n_words,
        phrase like '%*' as is_stem
    from phrases_unioned
),

followed as (
    select
        text_hash,
        clause_number,
        position,
        word,
        lead(word, 1) over clause as word_2,
        lead(word, 2) over clause as word_3,
        lead(word, 3) over clause as word_4
    from words
    where not is_mark
    window clause as (partition by text_hash, clause_number order by position)
),

expressions as (
    select text_hash, clause_number, position, 1 as n_words, word as expression
    from followed
    union all
    select text_hash, clause_number, position, 2 as n_words, word || ' ' || word_2 as expression
    from followed
    where word_2 is not null
    union all
    select text_hash, clause_number, position, 3 as n_words, word || ' ' || word_2 || ' ' || word_3 as expression
    from followed
    where word_3 is not null
    union all
    select
        text_hash,
        clause_number,
        position,
        4 as n_words,
        word || ' ' || word_2 || ' ' || word_3 || ' ' || word_4 as expression
    from followed
    where word_4 is not null
),

-- The first four letters are compared as a key, so that a long list of phrases costs no comparison of each with each.
-- A text of unknown language is read in all of them.
matched as (
    select
        expressions.text_hash,
        expressions.clause_number,
        expressions.position as from_position,
        expressions.position + expressions.n_words - 1 as to_position,
        phrases.role,
        phrases.theme_code,
        phrases.weight,
        row_number() over (
            partition by
                expressions.text_hash, expressions.position, expressions.n_words,
                case when phrases.role = 'theme' then phrases.theme_code else 'sentiment' end
            order by phrases.is_stem, length(phrases.phrase) desc, phrases.language, phrases.role
        ) as match_rank
    from expressions
    inner join languages on expressions.text_hash = languages.text_hash
    inner join phrases
        on
            expressions.n_words = phrases.n_words
            and substr(expressions.expression, 1, 4) = substr(phrases.phrase, 1, 4)
            and (languages.language is null or languages.language = phrases.language)
            and (
                expressions.expression = phrases.phrase
                or (
                    phrases.is_stem
                    and substr(expressions.expression, 1, length(phrases.phrase)) = phrases.phrase
                )
            )
),

final as (
    select
        text_hash,
        clause_number,
        cast(from_position as integer) as from_position,
        cast(to_position as integer) as to_position,
        role,
        theme_code,
        weight
    from matched
    where match_rank = 1
)

select * from final
