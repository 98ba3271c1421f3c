{#- When each response was asked for: with its invitation, or where there is none, when it came. -#}
with

responses as (
    select * from {{ ref("int_survey_responses") }}
),

invitations as (
    select * from {{ ref("int_invitations") }}
),

invited as (
    select
        response_key,
        min(invite_key) as invite_key,
        min(sent_at) as sent_at
    from invitations
    where response_key is not null
    group by response_key
),

final as (
    select
        responses.response_key,
        invited.invite_key,
        invited.sent_at,
        cast(date_trunc('month', coalesce(invited.sent_at, responses.submitted_at)) as date) as cohort_month,
        cast(date_trunc('quarter', coalesce(invited.sent_at, responses.submitted_at)) as date) as cohort_quarter
    from responses
    left join invited on responses.response_key = invited.response_key
)

select * from final
