{{ config(materialized="view") }}

{#- Items that are summed into one score: by attribute, and for SERVQUAL by dimension as well. -#}
with

item_scores as (
    select * from {{ ref("int_item_scores") }}
),

item_pairs as (
    select * from {{ ref("int_item_pairs") }}
),

attributes as (
    select * from {{ ref("attribute") }}
),

differences as (
    select
        experiences.response_key,
        experiences.question_key,
        experiences.survey_key,
        experiences.respondent_role,
        'gap' as construct,
        experiences.metric_code,
        experiences.attribute_code,
        experiences.submitted_date,
        experiences.score - expectations.score as score
    from item_pairs
    inner join item_scores as experiences on item_pairs.question_key = experiences.question_key
    inner join item_scores as expectations
        on
            item_pairs.paired_question_key = expectations.question_key
            and experiences.response_key = expectations.response_key
),

items as (
    select
        response_key,
        question_key,
        survey_key,
        respondent_role,
        construct,
        metric_code,
        attribute_code,
        submitted_date,
        score
    from item_scores
    union all
    select * from differences
),

by_attribute as (
    select
        items.*,
        'attribute' as group_level,
        {{ surrogate_key([
            "'attribute'", "survey_key", "respondent_role", "construct", "metric_code", "attribute_code"
        ]) | indent(8) }} as item_group_key,
        attribute_code as group_code
    from items
),

by_dimension as (
    select
        items.*,
        'servqual_dimension' as group_level,
        {{ surrogate_key([
            "'servqual_dimension'", "survey_key", "respondent_role", "construct", "attributes.servqual_dimension"
        ]) | indent(8) }} as item_group_key,
        attributes.servqual_dimension as group_code
    from items
    inner join attributes on items.attribute_code = attributes.attribute_code
    where
        attributes.servqual_dimension is not null
        and items.construct in ('expectation', 'experience', 'gap')
        and items.respondent_role = 'customer'
),

unioned as (
    select * from by_attribute
    union all
    select * from by_dimension
)

select * from unioned
