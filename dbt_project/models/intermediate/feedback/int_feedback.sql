with

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

attributes as (
    select * from {{ ref("attribute") }}
),

constructs as (
    select * from {{ ref("feedback_construct") }}
),

ratings as (
    select * from {{ ref("stg_zendesk__satisfaction_ratings") }}
),

tickets as (
    select * from {{ ref("int_tickets") }}
),

topics as (
    select * from {{ ref("ticket_topic") }}
),

themes as (
    select * from {{ ref("theme") }}
),

languages as (
    select * from {{ ref("int_feedback_languages") }}
),

sentiments as (
    select * from {{ ref("int_feedback_sentiments") }}
),

text_themes as (
    select * from {{ ref("int_feedback_themes") }}
),

customer_answers as (
    select
        answers.*,
        lower(substr(responses.language_code, 1, 2)) as declared_language
    from answers
    inner join responses on answers.response_key = responses.response_key
    where responses.is_kept and coalesce(answers.respondent_role, 'customer') = 'customer'
),

verbatims as (
    select
        {{ surrogate_key(["'survey'", "'open_text'", "customer_answers.answer_key"]) }} as feedback_id,
        'survey' as source,
        'open_text' as collected_by,
        customer_answers.survey_key,
        customer_answers.response_key,
        customer_answers.ticket_id,
        customer_answers.customer_key,
        customer_answers.contact_key,
        customer_answers.submitted_at,
        cast(null as varchar) as feedback_type,
        topics.theme_code as topic_theme_code,
        cast(null as boolean) as is_topic_complaint,
        cast(null as double) as score_pomp,
        cast(1 as bigint) as n_answers,
        customer_answers.declared_language,
        customer_answers.text_hash
    from customer_answers
    left join tickets on customer_answers.ticket_id = tickets.ticket_id
    left join topics on tickets.topic_code = topics.topic_code
    where
        customer_answers.text_hash is not null
        and (customer_answers.construct = 'open_text' or customer_answers.option_key like '%text')
),

typed_answers as (
    select
        customer_answers.*,
        constructs.feedback_type
    from customer_answers
    left join attributes on customer_answers.attribute_code = attributes.attribute_code
    inner join constructs
        on
            customer_answers.construct = constructs.construct
            and coalesce(constructs.purchase_phase, customer_answers.purchase_phase, '')
            = coalesce(customer_answers.purchase_phase, '')
            and coalesce(constructs.area, attributes.area, '') = coalesce(attributes.area, '')
    where customer_answers.is_scored
),

-- What a response says about one type of feedback is one piece of feedback, however many questions it took.
scaled_answers as (
    select
        {{ surrogate_key(["'survey'", "'scaled'", "response_key", "feedback_type"]) }} as feedback_id,
        'survey' as source,
        'scaled_answers' as collected_by,
        min(survey_key) as survey_key,
        response_key,
        cast(null as varchar) as ticket_id,
        min(customer_key) as customer_key,
        min(contact_key) as contact_key,
        min(submitted_at) as submitted_at,
        feedback_type,
        cast(null as varchar) as topic_theme_code,
        cast(null as boolean) as is_topic_complaint,
        {{ exact_avg("score_pomp") }} as score_pomp,
        count(*) as n_answers,
        min(declared_language) as declared_language,
        cast(null as varchar) as text_hash
    from typed_answers
    group by response_key, feedback_type
),

rated_tickets as (
    select
        {{ surrogate_key(["'rating'", "ratings.rating_id"]) }} as feedback_id,
        'rating' as source,
        'rating' as collected_by,
        cast(null as varchar) as survey_key,
        cast(null as varchar) as response_key,
        ratings.ticket_id,
        tickets.customer_key,
        tickets.contact_key,
        ratings.rated_at as submitted_at,
        'customer_satisfaction' as feedback_type,
        topics.theme_code as topic_theme_code,
        cast(null as boolean) as is_topic_complaint,
        case ratings.score when 'good' then 100.0 when 'bad' then 0.0 end as score_pomp,
        cast(1 as bigint) as n_answers,
        cast(null as varchar) as declared_language,
        case when trim(ratings.comment) <> '' then {{ private_hash("trim(ratings.comment)") }} end as text_hash
    from ratings
    left join tickets
        on ratings.ticket_id = tickets.ticket_id and tickets.source_system = 'zendesk'
    left join topics on tickets.topic_code = topics.topic_code
    where
        ratings.is_answered
        and ratings.rated_at < {{ as_of_until() }}
        and not coalesce(tickets.is_deleted, false)
),

opened_tickets as (
    select
        {{ surrogate_key(["'ticket'", "tickets.ticket_id"]) }} as feedback_id,
        'ticket' as source,
        'ticket_topic' as collected_by,
        cast(null as varchar) as survey_key,
        cast(null as varchar) as response_key,
        tickets.ticket_id,
        tickets.customer_key,
        tickets.contact_key,
        tickets.created_at as submitted_at,
        case tickets.purchase_phase when 'before' then 'sales' else 'customer_satisfaction' end as feedback_type,
        topics.theme_code as topic_theme_code,
        coalesce(topics.is_complaint, false) as is_topic_complaint,
        cast(null as double) as score_pomp,
        cast(1 as bigint) as n_answers,
        cast(null as varchar) as declared_language,
        cast(null as varchar) as text_hash
    from tickets
    left join topics on tickets.topic_code = topics.topic_code
    where not tickets.is_deleted and not tickets.is_merged
),

unioned as (
    select * from verbatims
    union all
    select * from scaled_answers
    union all
    select * from rated_tickets
    union all
    select * from opened_tickets
),

-- A text that names nothing of the taxonomy is about what its ticket is about.
read as (
    select
        unioned.*,
        coalesce(languages.language, languages.declared_language, unioned.declared_language) as language,
        case
            when unioned.collected_by = 'scaled_answers' then null
            when text_themes.theme_code in ('other', 'praise_general')
                then coalesce(unioned.topic_theme_code, text_themes.theme_code)
            else coalesce(text_themes.theme_code, unioned.topic_theme_code, 'other')
        end as theme_code,
        sentiments.sentiment_score,
        case when unioned.text_hash is not null then coalesce(sentiments.sentiment, 'unknown') end as sentiment
    from unioned
    left join languages on unioned.text_hash = languages.text_hash
    left join sentiments on unioned.text_hash = sentiments.text_hash
    left join text_themes
        on unioned.text_hash = text_themes.text_hash and text_themes.theme_rank = 1
),

final as (
    select
        read.feedback_id,
        read.source,
        read.collected_by,
        coalesce(read.feedback_type, themes.feedback_type) as feedback_type,
        read.customer_key,
        read.contact_key,
        read.survey_key,
        read.response_key,
        read.ticket_id,
        read.submitted_at,
        read.theme_code,
        themes.attribute_code,
        read.score_pomp,
        read.n_answers,
        read.sentiment_score,
        read.sentiment,
        case
            when read.collected_by = 'ticket_topic' then read.is_topic_complaint
            when read.collected_by = 'rating' then read.score_pomp < 50
            when read.collected_by = 'open_text' then read.sentiment = 'negative'
        end as is_complaint,
        case
            when read.collected_by = 'ticket_topic' then false
            when read.collected_by = 'rating' then read.score_pomp >= 50
            when read.collected_by = 'open_text' then read.sentiment = 'positive'
        end as is_compliment,
        read.text_hash is not null as is_verbatim,
        read.language,
        read.text_hash
    from read
    left join themes on read.theme_code = themes.theme_code
)

select * from final
