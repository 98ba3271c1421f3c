with

invitations as (
    select * from {{ ref("int_invitations") }}
),

final as (
    select
        invite_key,
        survey_key,
        distribution_id,
        customer_key,
        contact_key,
        sent_at,
        cast(date_trunc('month', sent_at) as date) as cohort_month,
        status,
        is_invited,
        is_delivered,
        is_opened,
        is_started,
        is_completed,
        response_key,
        cast(n_reminders as bigint) as n_reminders,
        days_since_last_invite,
        coalesce(days_since_last_invite < {{ var("invite_fatigue_days") }}, false) as is_fatigued,
        {{ lineage_columns() }}
    from invitations
)

select * from final
