with

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
),

-- Managers answer without a name: each response is one manager.
final as (
    select
        response_key,
        attribute_code,
        submitted_at,
        {{ exact_avg("case when construct = 'expectation' then score_pomp end") }} as belief_score,
        {{ exact_avg("case when construct = 'standard' then score_pomp end") }} as standard_score
    from answers
    where
        is_scored
        and respondent_role = 'management'
        and attribute_code is not null
        and construct in ('expectation', 'standard')
    group by response_key, attribute_code, submitted_at
)

select * from final
