{#- Whom the ids of Qualtrics' directory stand for; one row per contact that is found. -#}
with

contacts as (
    select * from {{ ref("stg_qualtrics__directory_contacts") }}
),

recipients as (
    select * from {{ ref("stg_qualtrics__invitations") }}
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

identifiers as (
    select * from {{ ref("int_identifiers_used") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

named as (
    select
        contact_id,
        'person|' || {{ normalized_number("person_number") }} as identifier,
        'external_id' as identifier_kind,
        1 as preference
    from contacts
    union all
    select
        contact_id,
        'email|' || {{ normalized_email("email") }} as identifier,
        'email' as identifier_kind,
        2 as preference
    from contacts
),

found as (
    select
        named.contact_id,
        named.preference,
        identity.contact_key,
        identity.customer_key
    from named
    inner join identifiers
        on
            named.identifier = identifiers.identifier
            and named.identifier_kind = identifiers.identifier_kind and identifiers.entity = 'contact'
    inner join identity on identifiers.record_id = identity.record_id
    where identifiers.is_used
),

-- Where the directory is not ours to read, an answer still says whose invitation it was.
answered as (
    select
        recipients.contact_id,
        3 as preference,
        responses.contact_key,
        responses.customer_key
    from recipients
    inner join responses
        on
            recipients.survey_id = responses.survey_key and recipients.response_id = responses.response_id
            and responses.source_system = 'qualtrics'
    where recipients.contact_id is not null
),

unioned as (
    select * from found
    union all
    select * from answered
),

ranked as (
    select
        *,
        row_number() over (
            partition by contact_id
            order by preference, contact_key nulls last, customer_key nulls last
        ) as finding_rank
    from unioned
    where contact_key is not null or customer_key is not null
),

final as (
    select
        contact_id,
        contact_key,
        customer_key
    from ranked
    where finding_rank = 1
)

select * from final
