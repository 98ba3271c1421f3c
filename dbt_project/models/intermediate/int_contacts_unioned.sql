with

contacts as (
    select * from {{ ref("stg_hubspot__contacts") }}
),

users as (
    select * from {{ ref("stg_zendesk__users") }}
),

responses as (
    select * from {{ ref("stg_qualtrics__responses") }}
),

merged_ids as (
    select
        contact_id as winner_id,
        trim(unnest({{ split_text("merged_contact_ids", ";") }})) as loser_id
    from contacts
    where merged_contact_ids is not null
),

merged_contacts as (
    select loser_id
    from merged_ids
    where loser_id <> winner_id
    group by loser_id
),

hubspot_contacts as (
    select
        'hubspot' as source_system,
        'contacts' as source_object,
        contacts.contact_id as source_id,
        {{ normalized_email("contacts.email") }} as email,
        {{ normalized_number("contacts.person_number") }} as person_number,
        nullif(trim(coalesce(contacts.first_name, '') || ' ' || coalesce(contacts.last_name, '')), '') as contact_name,
        contacts.country,
        contacts.is_archived as is_deleted,
        merged_contacts.loser_id is not null as is_merged,
        contacts.created_at,
        contacts.updated_at
    from contacts
    left join merged_contacts on contacts.contact_id = merged_contacts.loser_id
),

zendesk_users as (
    select
        'zendesk' as source_system,
        'users' as source_object,
        user_id as source_id,
        {{ normalized_email("email") }} as email,
        {{ normalized_number("person_number") }} as person_number,
        nullif(trim(name), '') as contact_name,
        cast(null as varchar) as country,
        not is_active as is_deleted,
        false as is_merged,
        created_at,
        updated_at
    from users
    where is_end_user
),

identified_responses as (
    select
        {{ normalized_email("recipient_email") }} as email,
        {{ normalized_number("person_number") }} as person_number,
        recorded_at
    from responses
    where {{ normalized_email("recipient_email") }} is not null or {{ normalized_number("person_number") }} is not null
),

-- Qualtrics has no record for a person: a respondent is a pair of address and number seen on responses.
qualtrics_respondents as (
    select
        'qualtrics' as source_system,
        'respondents' as source_object,
        {{ surrogate_key(["email", "person_number"]) }} as source_id,
        email,
        person_number,
        cast(null as varchar) as contact_name,
        cast(null as varchar) as country,
        false as is_deleted,
        false as is_merged,
        min(recorded_at) as created_at,
        max(recorded_at) as updated_at
    from identified_responses
    group by email, person_number
),

unioned as (
    select * from hubspot_contacts
    union all
    select * from zendesk_users
    union all
    select * from qualtrics_respondents
),

final as (
    select
        *,
        {{ record_id("source_system", "source_object", "source_id") }} as record_id
    from unioned
)

select * from final
