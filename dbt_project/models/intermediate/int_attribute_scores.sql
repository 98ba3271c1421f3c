with

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

attribute_answers as (
    select *
    from answers
    where
        is_scored
        and respondent_role = 'customer'
        and attribute_code is not null
        and construct in ('expectation', 'desired', 'adequate', 'experience', 'importance')
),

-- Items are summed with nine decimals, so the ninth of their average is noise: equal answers must score equal.
averaged as (
    select
        response_key,
        attribute_code,
        {%- for construct in ["expectation", "desired", "adequate", "experience", "importance"] %}
        round({{ exact_avg("case when construct = '" ~ construct ~ "' then score_pomp end") }}, 8)
            as {{ construct }}_score,
        {%- endfor %}
        {%- for construct in ["expectation", "experience"] %}
        {{ exact_avg("case when construct = '" ~ construct ~ "' then numeric_value end") }} as {{ construct }}_raw,
        min(case when construct = '{{ construct }}' then scale_code end) as {{ construct }}_scale_from,
        max(case when construct = '{{ construct }}' then scale_code end) as {{ construct }}_scale_to,
        {%- endfor %}
        coalesce(max(scale_version), 1) as scale_version,
        bool_or(is_reversed) as has_reversed_items
    from attribute_answers
    group by response_key, attribute_code
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
