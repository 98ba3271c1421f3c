{% set constructs = ["engagement", "target_clarity", "workload"] %}

with

answers as (
    select * from {{ ref("int_survey_answers_scored") }}
    where respondent_role = 'agent' and is_scored
),

responses as (
    select * from {{ ref("int_survey_responses") }}
),

qualtrics_responses as (
    select * from {{ ref("stg_qualtrics__responses") }}
),

file_answers as (
    select * from {{ ref("stg_files__survey_answers") }}
),

agents as (
    select * from {{ ref("int_agents") }}
    where source_system = 'zendesk'
),

scopes as (
    select * from {{ ref("int_agent_scopes") }}
    where scope_type <> 'agent'
),

periods as (
    select * from {{ ref("int_periods") }}
    where period_grain in ('month', 'trailing_12m')
),

addresses as (
    select
        'qualtrics' as source_system,
        survey_id,
        response_id,
        recipient_email as email
    from qualtrics_responses
    union all
    select
        'files' as source_system,
        survey_id,
        response_id,
        max(email) as email
    from file_answers
    group by survey_id, response_id
),

respondents as (
    select
        responses.response_key,
        min(agents.agent_key) as agent_key
    from responses
    inner join addresses
        on
            responses.source_system = addresses.source_system
            and responses.survey_key = addresses.survey_id
            and responses.response_id = addresses.response_id
    inner join agents on {{ private_hash(normalized_email("addresses.email")) }} = agents.email_hash
    group by responses.response_key
),

agent_scores as (
    select
        scopes.scope_key,
        periods.period_grain,
        periods.period_start,
        {% for construct in constructs -%}
        {{ exact_avg("case when answers.construct = '" ~ construct ~ "' then answers.score_pomp end") }}
            as {{ construct }}_score,
        {% endfor -%}
        respondents.agent_key
    from answers
    inner join respondents on answers.response_key = respondents.response_key
    inner join scopes on respondents.agent_key = scopes.agent_key
    inner join periods
        on cast(answers.submitted_at as date) between periods.period_start and periods.period_end
    group by scopes.scope_key, periods.period_grain, periods.period_start, respondents.agent_key
),

-- What fewer than min_n_publish colleagues say of their work is nobody's to read, whoever asks.
final as (
    select
        scope_key,
        period_grain,
        period_start,
        {% for construct in constructs -%}
        case
            when count({{ construct }}_score) >= {{ var("min_n_publish") }}
                then {{ exact_avg(construct ~ "_score") }}
        end as {{ construct }}_score,
        {% endfor -%}
        cast(count(*) as bigint) as n_employees_asked
    from agent_scores
    group by scope_key, period_grain, period_start
)

select * from final
