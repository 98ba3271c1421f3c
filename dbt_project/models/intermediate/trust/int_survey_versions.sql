with

versions as (
    select * from {{ ref("stg_qualtrics__survey_versions") }}
),

scales as (
    select * from {{ ref("int_question_scales") }}
),

counted as (
    select
        survey_key,
        version_number,
        cast(count(*) as bigint) as n_questions,
        cast(sum(case when is_mapped and is_scale_changed then 1 else 0 end) as bigint) as n_scales_changed
    from scales
    group by survey_key, version_number
),

-- The first version is taken to have stood from the beginning: what was asked before we looked is not known.
final as (
    select
        versions.survey_id as survey_key,
        versions.version_number,
        case when versions.version_number > 1 then versions.changed_at end as valid_from,
        lead(versions.changed_at) over (
            partition by versions.survey_id
            order by versions.version_number
        ) as valid_to,
        coalesce(counted.n_questions, 0) as n_questions,
        coalesce(counted.n_scales_changed, 0) as n_scales_changed,
        coalesce(counted.n_scales_changed, 0) > 0 as is_scale_break
    from versions
    left join counted
        on versions.survey_id = counted.survey_key and versions.version_number = counted.version_number
)

select * from final
