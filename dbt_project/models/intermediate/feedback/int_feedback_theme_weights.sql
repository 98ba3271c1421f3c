{{ config(materialized="view") }}

with

feedback as (
    select * from {{ ref("int_feedback") }}
),

text_themes as (
    select * from {{ ref("int_feedback_themes") }}
),

-- Texts of several themes count in each by its part; everything else has the one theme of its ticket.
joined as (
    select
        feedback.*,
        case
            when text_themes.theme_code is null or text_themes.theme_code in ('other', 'praise_general')
                then feedback.theme_code
            else text_themes.theme_code
        end as mentioned_theme_code,
        coalesce(text_themes.theme_weight, 1) as theme_weight
    from feedback
    left join text_themes on feedback.text_hash = text_themes.text_hash
    where feedback.is_verbatim or feedback.collected_by = 'ticket_topic'
),

final as (
    select
        feedback_id,
        mentioned_theme_code as theme_code,
        theme_weight,
        source,
        collected_by,
        customer_key,
        submitted_at,
        sentiment_score,
        sentiment,
        is_complaint,
        is_compliment,
        is_verbatim
    from joined
)

select * from final
