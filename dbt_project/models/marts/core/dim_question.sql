with

questions as (
    select * from {{ ref("int_survey_questions") }}
),

-- Several answer fields (a choice and the text behind it, turns of a loop) belong to one question.
final as (
    select
        question_key,
        survey_key,
        question_tag,
        min(question_text) as question_text,
        min(construct) as construct,
        min(metric_code) as metric_code,
        min(attribute_code) as attribute_code,
        min(scale_code) as scale_code,
        bool_or(is_reversed) as is_reversed,
        min(purchase_phase) as purchase_phase,
        min(respondent_role) as respondent_role,
        bool_or(is_mapped) as is_mapped,
        min(mapping_problem) as mapping_problem,
        {{ lineage_columns() }}
    from questions
    group by question_key, survey_key, question_tag
)

select * from final
