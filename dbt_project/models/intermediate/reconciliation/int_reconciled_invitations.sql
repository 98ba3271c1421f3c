{%- set totals = [("sent", "n_sent", "is_invited"), ("bounced", "n_bounced", "status = 'bounced'"), ("finished", "n_finished", "is_completed")] -%}

with

distributions as (
    select *
    from {{ ref("stg_qualtrics__distributions") }}
    where request_type = 'Invite' and not is_deleted
),

invitations as (
    select * from {{ ref("fct_survey_invite") }}
),

by_distribution as (
    select
        distribution_id,
        {% for name, total, condition in totals -%}
        count(case when {{ condition }} then 1 end) as {{ name }}{{ "," if not loop.last }}
        {% endfor %}
    from invitations
    group by 1
),

-- Links that are sent to nobody in particular, and distributions older than what is read, have no history.
joined as (
    select
        distributions.*,
        by_distribution.distribution_id is not null as has_history,
        {% for name, total, condition in totals -%}
        coalesce(by_distribution.{{ name }}, 0) as {{ name }}{{ "," if not loop.last }}
        {% endfor %}
    from distributions
    left join by_distribution on distributions.distribution_id = by_distribution.distribution_id
),

counted as (
    {% for name, total, condition in totals -%}
    select
        'qualtrics' as source,
        'distributions' as object,
        '{{ name }}' as measure,
        survey_id as scope,
        sum(coalesce({{ total }}, 0)) as source_value,
        sum({{ name }}) as warehouse_value,
        -sum(case when not has_history then coalesce({{ total }}, 0) else 0 end) as explained_difference
    from joined
    group by survey_id
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    source,
    object,
    measure,
    scope,
    cast(source_value as decimal(28, 2)) as source_value,
    cast(warehouse_value as decimal(28, 2)) as warehouse_value,
    cast(explained_difference as decimal(28, 2)) as explained_difference,
    'no_history' as explanation_code,
    -- Totals and histories are read one after the other, and people answer in between.
    cast(greatest(5, ceil(0.01 * source_value)) as decimal(28, 2)) as tolerance
from counted
