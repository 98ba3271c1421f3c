with

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

attributes as (
    select * from {{ ref("attribute") }}
),

-- What a buyer thinks it will receive and give up is its expectation; what it finds afterwards, its experience.
averaged as (
    select
        answers.response_key,
        answers.attribute_code,
        max(attributes.cost_kind) is not null as is_cost,
        {%- for phase, judgement in {"pre_purchase": "expectation", "post_purchase": "experience"}.items() %}
        round({{ exact_avg("case when answers.purchase_phase = '" ~ phase ~ "' then answers.score_pomp end") }}, 8)
            as {{ judgement }}_score,
        {{ exact_avg("case when answers.purchase_phase = '" ~ phase ~ "' then answers.numeric_value end") }}
            as {{ judgement }}_raw,
        min(case when answers.purchase_phase = '{{ phase }}' then answers.scale_code end)
            as {{ judgement }}_scale_from,
        max(case when answers.purchase_phase = '{{ phase }}' then answers.scale_code end)
            as {{ judgement }}_scale_to,
        {%- endfor %}
        coalesce(max(answers.scale_version), 1) as scale_version,
        bool_or(answers.is_reversed) as has_reversed_items
    from answers
    inner join attributes on answers.attribute_code = attributes.attribute_code
    where
        answers.is_scored
        and answers.respondent_role = 'customer'
        and answers.construct in ('benefit', 'cost')
        and (attributes.benefit_kind is not null or attributes.cost_kind is not null)
    group by answers.response_key, answers.attribute_code
),

final as (
    select
        averaged.*,
        responses.customer_key,
        responses.contact_key,
        responses.respondent_key,
        responses.submitted_at
    from averaged
    inner join responses on averaged.response_key = responses.response_key
)

select * from final
