with

field_values as (
    select * from {{ ref("stg_custom_field_values") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

contacts as (
    select record_id, is_deleted, updated_at from {{ ref("int_contacts_unioned") }}
),

companies as (
    select record_id, is_deleted, updated_at from {{ ref("int_companies_unioned") }}
),

tickets as (
    select * from {{ ref("int_tickets") }}
),

order_lines as (
    select * from {{ ref("int_order_lines") }}
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

of_customers as (
    select
        field_values.*,
        identity.customer_key as record_key,
        identity.is_merged,
        coalesce(contacts.is_deleted, companies.is_deleted) as is_deleted,
        coalesce(contacts.updated_at, companies.updated_at) as updated_at
    from field_values
    inner join identity
        on
            field_values.source_system = identity.source_system
            and field_values.source_object = identity.source_object and field_values.source_id = identity.source_id
    left join contacts on identity.record_id = contacts.record_id
    left join companies on identity.record_id = companies.record_id
    where field_values.mart = 'dim_customer' and identity.customer_key is not null
),

of_tickets as (
    select field_values.*, tickets.ticket_id as record_key
    from field_values
    inner join tickets
        on field_values.source_system = tickets.source_system and field_values.source_id = tickets.ticket_id
    where field_values.mart = 'fct_ticket'
),

-- What stands on the deal holds for each of its lines.
of_order_lines as (
    select field_values.*, order_lines.order_line_key as record_key
    from field_values
    inner join order_lines
        on
            case
                when field_values.source_object in ('deals', 'opportunities')
                    then field_values.source_id = order_lines.order_id
                else {{ surrogate_key(["field_values.source_id"]) }} = order_lines.order_line_key
            end
    where field_values.mart = 'fct_order_line'
),

of_responses as (
    select field_values.*, responses.response_key as record_key
    from field_values
    inner join responses
        on
            field_values.source_system = responses.source_system
            and field_values.parent_id = responses.survey_key and field_values.source_id = responses.response_id
    where field_values.mart = 'fct_survey_answer'
),

unioned as (
    select * from of_customers
    union all
    select *, false as is_merged, false as is_deleted, cast(null as timestamp) as updated_at from of_tickets
    union all
    select *, false as is_merged, false as is_deleted, cast(null as timestamp) as updated_at from of_order_lines
    union all
    select *, false as is_merged, false as is_deleted, cast(null as timestamp) as updated_at from of_responses
),

-- Of several records of one customer the living one that changed last speaks.
ranked as (
    select
        *,
        row_number() over (
            partition by mart, record_key, field_name
            order by is_merged, is_deleted, updated_at desc nulls last, source_system, source_object, source_id
        ) as value_rank
    from unioned
),

final as (
    select
        mart,
        record_key,
        field_name,
        field_type,
        value_text,
        value_number,
        value_at,
        value_boolean,
        source_system,
        source_object,
        source_id,
        {{ lineage_columns() }}
    from ranked
    where value_rank = 1
)

select * from final
