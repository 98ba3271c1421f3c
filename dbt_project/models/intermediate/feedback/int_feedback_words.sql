with

texts as (
    select * from {{ ref("int_feedback_texts") }}
),

sentiment_words as (
    select * from {{ ref("sentiment_word") }}
),

contrasts as (
    select distinct phrase as word
    from sentiment_words
    where role = 'contrast'
),

numbered as (
    select
        text_hash,
        words,
        {{ integers_between("1", list_size("words")) }} as position
    from texts
),

placed as (
    select
        text_hash,
        position,
        {{ list_element("words", "position") }} as word
    from numbered
),

-- A mark and a "but" both end what a negation reaches.
parted as (
    select
        placed.text_hash,
        placed.position,
        placed.word,
        placed.word in ('.', ',', ';', ':', '!', '?') as is_mark,
        contrasts.word is not null as is_contrast
    from placed
    left join contrasts on placed.word = contrasts.word
),

final as (
    select
        text_hash,
        cast(position as integer) as position,
        sum(case when is_mark or is_contrast then 1 else 0 end) over (
            partition by text_hash order by position
            rows between unbounded preceding and current row
        ) as clause_number,
        word,
        is_mark,
        is_contrast
    from parted
)

select * from final
