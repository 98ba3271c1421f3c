with

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
),

attribute_answers as (
    select *
    from answers
    where is_scored and attribute_code is not null
        and construct in ('expectation', 'desired', 'adequate', 'experience', 'importance')
),

final as (
    select
        response_key,
        attribute_code,
        min(customer_key) as customer_key,
        min(contact_key) as contact_key,
        min(respondent_key) as respondent_key,
        min(submitted_at) as submitted_at,
        {%- for construct in ["expectation", "desired", "adequate", "experience", "importance"] %}
        {{ exact_avg("case when construct = '" ~ construct ~ "' then score_pomp end") }} as {{ construct }}_score,
        {%- endfor %}
        {%- for construct in ["expectation", "experience"] %}
        {{ exact_avg("case when construct = '" ~ construct ~ "' then numeric_value end") }} as {{ construct }}_raw,
        min(case when construct = '{{ construct }}' then scale_code end) as {{ construct }}_scale_from,
        max(case when construct = '{{ construct }}' then scale_code end) as {{ construct }}_scale_to,
        {%- endfor %}
        bool_or(is_reversed) as has_reversed_items
    from attribute_answers
    group by response_key, attribute_code
)

select * from final
