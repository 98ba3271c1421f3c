with

versions as (
    select * from {{ ref("int_survey_versions") }}
),

surveys as (
    select * from {{ ref("stg_qualtrics__surveys") }}
),

questions as (
    select * from {{ ref("int_survey_questions") }}
),

meanings as (
    select
        survey_key,
        count(distinct question_key) as n_known_questions,
        count(distinct case when is_mapped then question_key end) as n_mapped_questions,
        min(purchase_phase) as first_phase,
        max(purchase_phase) as last_phase,
        min(respondent_role) as first_role,
        max(respondent_role) as last_role,
        bool_or(construct = 'transaction_satisfaction') as asks_about_a_transaction
    from questions
    group by survey_key
),

known_surveys as (
    select survey_id as survey_key from surveys
    union
    select survey_key from meanings
),

final as (
    select
        {{ surrogate_key(["known_surveys.survey_key", "coalesce(versions.version_number, 1)"]) }} as survey_version_key,
        known_surveys.survey_key,
        cast(coalesce(versions.version_number, 1) as integer) as version_number,
        surveys.survey_name,
        case
            when coalesce(meanings.n_mapped_questions, 0) = 0 then 'unmapped'
            when meanings.first_role <> 'customer' and meanings.first_role = meanings.last_role
                then case meanings.first_role when 'management' then 'management' else 'employee' end
            when meanings.last_phase = 'pre_purchase' then 'pre_purchase'
            when meanings.asks_about_a_transaction then 'transactional'
            else 'relationship'
        end as survey_type,
        case when meanings.first_phase = meanings.last_phase then meanings.first_phase end as purchase_phase,
        versions.valid_from,
        versions.valid_to,
        versions.valid_to is null as is_current,
        coalesce(versions.n_questions, meanings.n_known_questions, 0) as n_questions,
        coalesce(meanings.n_mapped_questions, 0) as n_mapped_questions,
        coalesce(versions.n_scales_changed, 0) as n_scales_changed,
        coalesce(versions.is_scale_break, false) as is_scale_break,
        surveys.is_active,
        {{ lineage_columns() }}
    from known_surveys
    left join versions on known_surveys.survey_key = versions.survey_key
    left join surveys on known_surveys.survey_key = surveys.survey_id
    left join meanings on known_surveys.survey_key = meanings.survey_key
)

select * from final
