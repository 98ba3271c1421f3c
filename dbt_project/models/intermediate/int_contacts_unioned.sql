with

contacts as (
    select * from {{ ref("stg_hubspot__contacts") }}
),

salesforce_people as (
    select * from {{ ref("stg_salesforce__contacts") }}
),

users as (
    select * from {{ ref("stg_zendesk__users") }}
),

responses as (
    select * from {{ ref("stg_qualtrics__responses") }}
),

question_map as (
    select * from {{ ref("question_map") }}
),

people_in_files as (
    select * from {{ ref("int_file_people") }}
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

salesforce_contacts as (
    select
        'salesforce' as source_system,
        'contacts' as source_object,
        contact_id as source_id,
        {{ normalized_email("email") }} as email,
        {{ normalized_number("person_number") }} as person_number,
        nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '') as contact_name,
        country,
        is_archived as is_deleted,
        master_contact_id is not null as is_merged,
        created_at,
        updated_at
    from salesforce_people
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

-- Agents and managers who answer a survey of their own are nobody's customers.
surveys_of_our_people as (
    select survey_key
    from question_map
    group by survey_key
    having count(case when respondent_role = 'customer' then 1 end) = 0
),

identified_responses as (
    select
        {{ normalized_email("responses.recipient_email") }} as email,
        {{ normalized_number("responses.person_number") }} as person_number,
        responses.recorded_at
    from responses
    left join surveys_of_our_people on responses.survey_id = surveys_of_our_people.survey_key
    where
        not responses.is_deleted
        and surveys_of_our_people.survey_key is null
        and (
            {{ normalized_email("responses.recipient_email") }} is not null
            or {{ normalized_number("responses.person_number") }} is not null
        )
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

file_people as (
    select
        'files' as source_system,
        'people' as source_object,
        person_id as source_id,
        email,
        person_number,
        cast(null as varchar) as contact_name,
        cast(null as varchar) as country,
        false as is_deleted,
        false as is_merged,
        created_at,
        updated_at
    from people_in_files
),

unioned as (
    select * from hubspot_contacts
    union all
    select * from salesforce_contacts
    union all
    select * from zendesk_users
    union all
    select * from qualtrics_respondents
    union all
    select * from file_people
),

final as (
    select
        *,
        {{ record_id("source_system", "source_object", "source_id") }} as record_id
    from unioned
)

select * from final
