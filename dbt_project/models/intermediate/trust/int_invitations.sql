{#- Steps of an invitation in the order they follow each other; a status we do not know is one of sent or not sent. -#}
{% set steps = ["not_sent", "bounced", "opted_out", "sent", "opened", "started", "partial", "completed"] %}
with

recipients as (
    select * from {{ ref("stg_qualtrics__invitations") }}
),

distributions as (
    select * from {{ ref("stg_qualtrics__distributions") }}
),

people as (
    select * from {{ ref("int_directory_people") }}
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

-- What was done after midnight was landed a night early: then the invitation had come as far as its times say.
judged as (
    select
        recipients.*,
        coalesce(recipients.response_completed_at < {{ as_of_until() }}, true) as is_completed_in_time,
        coalesce(recipients.response_started_at < {{ as_of_until() }}, true) as is_started_in_time,
        coalesce(recipients.opened_at < {{ as_of_until() }}, true) as is_opened_in_time,
        distributions.parent_distribution_id,
        coalesce(recipients.survey_id, distributions.survey_id, 'unknown') as survey_key
    from recipients
    left join distributions on recipients.distribution_id = distributions.distribution_id
    where coalesce(lower(distributions.request_type) not like 'thank%', true)
),

stepped as (
    select
        *,
        case
            when status in ('Pending', 'Skipped', 'Error', 'Failure', 'Unknown') then 1
            when status in ('SoftBounce', 'HardBounce') then 2
            when status in ('Blocked', 'Complaint') then 3
            when status = 'SurveyFinished' and is_completed_in_time then 8
            when status = 'SurveyPartiallyFinished' and is_completed_in_time then 7
            when status like 'Survey%' or status = 'SessionExpired'
                then case when is_started_in_time then 6 when is_opened_in_time then 5 else 4 end
            when status = 'Opened' and is_opened_in_time then 5
            when sent_at is null then 1
            else 4
        end as step
    from judged
),

-- A reminder goes out as a distribution of its own; it tells how the invitation before it ended.
invited as (
    select
        *,
        row_number() over (
            partition by distribution_id, contact_id
            order by sent_at desc nulls last, recipient_id desc
        ) as number_from_last
    from stepped
    where parent_distribution_id is null
),

reminded as (
    select
        parent_distribution_id,
        contact_id,
        cast(count(case when step >= 4 then 1 end) as bigint) as n_reminders,
        max(step) as step,
        min(response_id) as response_id
    from stepped
    where parent_distribution_id is not null
    group by parent_distribution_id, contact_id
),

joined as (
    select
        invited.distribution_id,
        invited.recipient_id,
        invited.survey_key,
        invited.contact_id,
        invited.sent_at,
        coalesce(reminded.n_reminders, 0) as n_reminders,
        case when reminded.step > invited.step then reminded.step else invited.step end as step,
        coalesce(invited.response_id, reminded.response_id) as response_id
    from invited
    left join reminded
        on
            invited.distribution_id = reminded.parent_distribution_id
            and invited.contact_id = reminded.contact_id and invited.number_from_last = 1
),

-- A reminder whose invitation is not known stands for it.
alone as (
    select
        stepped.distribution_id,
        stepped.recipient_id,
        stepped.survey_key,
        stepped.contact_id,
        stepped.sent_at,
        cast(0 as bigint) as n_reminders,
        stepped.step,
        stepped.response_id
    from stepped
    left join invited
        on
            stepped.parent_distribution_id = invited.distribution_id
            and stepped.contact_id = invited.contact_id and invited.number_from_last = 1
    where stepped.parent_distribution_id is not null and invited.recipient_id is null
),

unioned as (
    select * from joined
    union all
    select * from alone
),

known as (
    select
        {{ surrogate_key(["unioned.distribution_id", "unioned.recipient_id"]) }} as invite_key,
        unioned.distribution_id,
        unioned.survey_key,
        responses.response_key,
        coalesce(responses.customer_key, people.customer_key) as customer_key,
        coalesce(responses.contact_key, people.contact_key) as contact_key,
        coalesce(responses.contact_key, people.contact_key, unioned.contact_id, unioned.recipient_id) as person_key,
        unioned.sent_at,
        unioned.n_reminders,
        unioned.step,
        case unioned.step
            {%- for step in steps %}
            when {{ loop.index }} then '{{ step }}'
            {%- endfor %}
        end as status
    from unioned
    left join people on unioned.contact_id = people.contact_id
    left join responses
        on
            unioned.survey_key = responses.survey_key and unioned.response_id = responses.response_id
            and responses.source_system = 'qualtrics'
),

delivered as (
    select
        invite_key,
        lag(sent_at) over (partition by person_key order by sent_at, invite_key) as sent_before_at
    from known
    where step >= 4 and sent_at is not null
),

final as (
    select
        known.*,
        known.step >= 2 as is_invited,
        known.step >= 4 as is_delivered,
        known.step >= 5 as is_opened,
        known.step >= 6 as is_started,
        known.step >= 8 as is_completed,
        {{ days_between("delivered.sent_before_at", "known.sent_at") }} as days_since_last_invite
    from known
    left join delivered on known.invite_key = delivered.invite_key
)

select * from final
