with

texts as (
    select * from {{ ref("int_feedback_texts") }}
),

expressions as (
    select *
    from {{ ref("int_feedback_expressions") }}
    where role = 'theme'
),

sentiments as (
    select * from {{ ref("int_feedback_sentiments") }}
),

named as (
    select
        text_hash,
        theme_code,
        count(distinct from_position) as n_mentions,
        min(from_position) as first_position
    from expressions
    group by text_hash, theme_code
),

-- Praise of something in particular is no general praise.
specific as (
    select
        *,
        max(case when theme_code <> 'praise_general' then 1 else 0 end) over (partition by text_hash) as is_specific
    from named
),

ranked as (
    select
        text_hash,
        theme_code,
        row_number() over (partition by text_hash order by n_mentions desc, first_position, theme_code) as theme_rank,
        count(*) over (partition by text_hash) as n_themes
    from specific
    where is_specific = 0 or theme_code <> 'praise_general'
),

unthemed as (
    select
        texts.text_hash,
        case when sentiments.sentiment = 'positive' then 'praise_general' else 'other' end as theme_code,
        1 as theme_rank,
        1 as n_themes
    from texts
    inner join sentiments on texts.text_hash = sentiments.text_hash
    left join ranked on texts.text_hash = ranked.text_hash
    where ranked.text_hash is null
),

final as (
    select * from ranked
    union all
    select * from unthemed
)

select
    text_hash,
    theme_code,
    cast(theme_rank as integer) as theme_rank,
    cast(n_themes as integer) as n_themes,
    {{ safe_divide(1, "n_themes") }} as theme_weight
from final
