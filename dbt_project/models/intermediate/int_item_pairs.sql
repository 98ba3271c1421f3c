with

items as (
    select distinct
        question_key,
        survey_key,
        respondent_role,
        construct,
        attribute_code,
        item_number
    from {{ ref("int_item_scores") }}
    where construct in ('expectation', 'experience') and attribute_code is not null
),

candidates as (
    select
        experiences.question_key,
        expectations.question_key as paired_question_key,
        count(*) over (partition by experiences.question_key) as n_expectations,
        count(*) over (partition by expectations.question_key) as n_experiences
    from items as experiences
    inner join items as expectations
        on
            experiences.survey_key = expectations.survey_key
            and experiences.respondent_role = expectations.respondent_role
            and experiences.attribute_code = expectations.attribute_code
            and coalesce(experiences.item_number, '') = coalesce(expectations.item_number, '')
    where experiences.construct = 'experience' and expectations.construct = 'expectation'
),

-- Two items that end alike leave open which of them is meant: such items stay without a pair.
final as (
    select
        question_key,
        paired_question_key
    from candidates
    where n_expectations = 1 and n_experiences = 1
)

select * from final
