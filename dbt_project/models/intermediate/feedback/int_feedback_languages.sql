with

texts as (
    select * from {{ ref("int_feedback_texts") }}
),

words as (
    select * from {{ ref("int_feedback_words") }}
),

language_words as (
    select
        language,
        {{ joined_words(text_words("word")) }} as word
    from {{ ref("language_word") }}
),

counted as (
    select
        words.text_hash,
        language_words.language,
        count(*) as n_words
    from words
    inner join language_words on words.word = language_words.word
    group by words.text_hash, language_words.language
),

-- Where two languages share as many words, the respondent's own decides, then the alphabet.
ranked as (
    select
        counted.text_hash,
        counted.language,
        row_number() over (
            partition by counted.text_hash
            order by
                counted.n_words desc,
                case when counted.language = texts.declared_language then 0 else 1 end,
                counted.language
        ) as language_rank
    from counted
    inner join texts on counted.text_hash = texts.text_hash
),

final as (
    select
        texts.text_hash,
        ranked.language,
        texts.declared_language
    from texts
    left join ranked
        on texts.text_hash = ranked.text_hash and ranked.language_rank = 1
)

select * from final
