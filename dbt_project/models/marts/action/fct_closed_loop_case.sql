{% set case_days = 30 %}     {#- of silence end a case: a bad answer after them opens another one -#}
{% set contact_days = 90 %}  {#- a contact later than that is no answer to this case any more -#}

with

answers as (
    select * from {{ ref("int_loop_answers") }}
    where customer_key is not null
),

contacts as (
    select * from {{ ref("int_agent_contacts") }}
),

customers as (
    select * from {{ ref("int_customers") }}
),

bad_answers as (
    select
        *,
        lag(submitted_at) over (partition by customer_key, trigger_code order by submitted_at, response_key)
            as earlier_at
    from answers
    where is_bad
),

numbered as (
    select
        *,
        sum(
            case when {{ days_between("earlier_at", "submitted_at") }} <= {{ case_days }} then 0 else 1 end
        ) over (
            partition by customer_key, trigger_code order by submitted_at, response_key
            rows between unbounded preceding and current row
        ) as case_number,
        row_number() over (partition by customer_key, trigger_code order by submitted_at, response_key)
            as answer_number
    from bad_answers
),

opened as (
    select
        customer_key,
        trigger_code,
        case_number,
        min(submitted_at) as opened_at,
        max(submitted_at) as last_bad_at,
        cast(count(*) as bigint) as n_bad_answers,
        min(answer_number) as first_number
    from numbered
    group by 1, 2, 3
),

cases as (
    select
        opened.*,
        {{ surrogate_key(["opened.trigger_code", "numbered.response_key"]) }} as case_id,
        numbered.response_key,
        numbered.score as opening_score,
        {{ seconds_between("opened.opened_at", as_of_until()) }} as seconds_open
    from opened
    inner join numbered
        on
            opened.customer_key = numbered.customer_key
            and opened.trigger_code = numbered.trigger_code
            and opened.first_number = numbered.answer_number
),

contact_choices as (
    select
        cases.case_id,
        contacts.contacted_at,
        contacts.agent_key,
        row_number() over (
            partition by cases.case_id order by contacts.contacted_at, contacts.agent_key nulls last
        ) as contact_number
    from cases
    inner join contacts
        on
            cases.customer_key = contacts.customer_key
            and cases.opened_at < contacts.contacted_at
            and {{ days_between("cases.opened_at", "contacts.contacted_at") }} <= {{ contact_days }}
),

contacted as (
    select
        cases.*,
        contact_choices.contacted_at as first_contact_at,
        contact_choices.agent_key as contacted_by,
        cast({{ seconds_between("cases.opened_at", "contact_choices.contacted_at") }} as double) / 3600
            as hours_to_contact
    from cases
    left join contact_choices
        on cases.case_id = contact_choices.case_id and contact_choices.contact_number = 1
),

next_answers as (
    select
        contacted.case_id,
        answers.submitted_at,
        answers.score,
        answers.is_bad,
        row_number() over (
            partition by contacted.case_id order by answers.submitted_at, answers.response_key
        ) as answer_number
    from contacted
    inner join answers
        on
            contacted.customer_key = answers.customer_key
            and contacted.trigger_code = answers.trigger_code
            and contacted.first_contact_at < answers.submitted_at
),

answered as (
    select
        contacted.*,
        next_answers.submitted_at as next_answer_at,
        next_answers.score as next_score,
        next_answers.is_bad as is_bad_again,
        customers.status = 'churned' as is_churned
    from contacted
    left join next_answers
        on contacted.case_id = next_answers.case_id and next_answers.answer_number = 1
    left join customers on contacted.customer_key = customers.customer_key
),

final as (
    select
        case_id,
        trigger_code,
        customer_key,
        response_key,
        opened_at,
        n_bad_answers,
        opening_score,
        first_contact_at,
        contacted_by,
        hours_to_contact,
        case
            when hours_to_contact is not null then hours_to_contact <= {{ var("closed_loop_hours") }}
            when seconds_open > 3600 * {{ var("closed_loop_hours") }} then false
        end as is_on_time,
        next_answer_at as closed_at,
        next_score,
        next_score - opening_score as next_score_delta,
        case
            when first_contact_at is null and seconds_open > 3600 * {{ var("closed_loop_hours") }} then 'no_contact'
            when next_answer_at is not null and not is_bad_again then 'recovered'
            when next_answer_at is not null then 'unchanged'
            when is_churned then 'lost'
            else 'open'
        end as outcome,
        {{ lineage_columns() | indent(8) }}
    from answered
)

select * from final
