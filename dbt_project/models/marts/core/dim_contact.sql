with

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

contacts as (
    select * from {{ ref("int_contacts_unioned") }}
),

descriptions as (
    select * from {{ ref("int_contact_descriptions") }}
),

records as (
    select
        identity.contact_key,
        identity.customer_key,
        identity.record_id,
        contacts.email,
        contacts.is_merged,
        contacts.is_deleted,
        contacts.created_at,
        contacts.updated_at,
        descriptions.job_title,
        descriptions.language,
        descriptions.is_opted_out
    from identity
    inner join contacts on identity.record_id = contacts.record_id
    left join descriptions on identity.record_id = descriptions.record_id
    where identity.contact_key is not null
),

-- Each field is that of the living record that has it and was changed last.
ranked as (
    select
        *,
        row_number() over (
            partition by contact_key
            order by email is null, is_merged, is_deleted, updated_at desc nulls last, record_id
        ) as email_rank,
        row_number() over (
            partition by contact_key
            order by job_title is null, is_merged, is_deleted, updated_at desc nulls last, record_id
        ) as job_title_rank,
        row_number() over (
            partition by contact_key
            order by language is null, is_merged, is_deleted, updated_at desc nulls last, record_id
        ) as language_rank
    from records
),

final as (
    select
        contact_key,
        min(customer_key) as customer_key,
        max(case when job_title_rank = 1 then job_title end) as job_title,
        max(case when language_rank = 1 then language end) as language,
        {{ private_hash("max(case when email_rank = 1 then email end)") }} as email_hash,
        bool_or(is_opted_out) as is_opted_out,
        cast(count(*) as bigint) as n_records,
        min(created_at) as first_known_at,
        {{ lineage_columns() }}
    from ranked
    group by contact_key
)

select * from final
