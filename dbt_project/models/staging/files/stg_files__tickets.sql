with

source as (
    {{ latest_version(source("files", "tickets"), record_id=["mapping", "ticket_id"]) }}
),

renamed as (
    select
        mapping || ':' || ticket_id as ticket_id,

        email,
        person_number,
        customer_number,

        lower(status) as status,
        lower(priority) as priority,
        lower(ticket_type) as ticket_type,
        lower(channel) as channel,
        lower(topic) as topic_code,
        lower(purchase_phase) as purchase_phase,
        satisfaction_score,

        n_reopens,
        n_replies,

        coalesce(is_deleted, false) as is_deleted,

        created_at,
        first_reply_at,
        resolved_at,
        updated_at
    from source
)

select * from renamed
