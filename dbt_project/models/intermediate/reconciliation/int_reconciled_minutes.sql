{%- set measures = [
    ("first_reply", "calendar"), ("first_reply", "business"), ("full_resolution", "calendar"), ("full_resolution", "business")
] -%}

with

tickets as (
    select *
    from {{ ref("fct_ticket") }}
    where not is_deleted and not is_merged
),

counted as (
    {% for name, clock in measures -%}
    select
        source_system as source,
        '{{ name }}_minutes_{{ clock }}' as measure,
        count(*) as n_tickets,
        count(case when abs({{ name }}_minutes_{{ clock }} - our_{{ name }}_{{ clock }}_minutes) <= 1 then 1 end) as n_equal,
        {% if clock == "business" -%}
        -- The calendar agrees, so that only the opening hours can differ: the vendor's are not ours.
        count(
            case
                when
                    coalesce(abs({{ name }}_minutes_business - our_{{ name }}_business_minutes) > 1, true)
                    and abs({{ name }}_minutes_calendar - our_{{ name }}_calendar_minutes) <= 1
                    then 1
            end
        ) as n_explained,
        'other_opening_hours' as explanation_code
        {%- else -%}
        -- Without events there is nothing to count from.
        count(case when n_events = 0 then 1 end) as n_explained,
        'no_events' as explanation_code
        {%- endif %}
    from tickets
    where {{ name }}_minutes_{{ clock }} is not null
    group by 1
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    source,
    'tickets' as object,
    measure,
    'within a minute' as scope,
    cast(n_tickets as decimal(28, 2)) as source_value,
    cast(n_equal as decimal(28, 2)) as warehouse_value,
    cast(-n_explained as decimal(28, 2)) as explained_difference,
    explanation_code,
    -- The vendor recounts some tickets after merges and reassignments that leave no event.
    cast(ceil(0.01 * n_tickets) as decimal(28, 2)) as tolerance
from counted
