{%- set times = ["first_reply", "full_resolution"] -%}

with

tickets as (
    select *
    from {{ ref("fct_ticket") }}
    where not is_deleted and not is_merged
),

timed as (
    {% for name in times -%}
    {% for clock in ["calendar", "business"] -%}
    select
        source_system as source,
        '{{ name }}_minutes_{{ clock }}' as measure,
        '{{ clock }}' as clock,
        n_events,
        {{ name }}_minutes_{{ clock }} as vendor_minutes,
        abs({{ name }}_minutes_{{ clock }} - our_{{ name }}_{{ clock }}_minutes) as distance,
        abs({{ name }}_minutes_calendar - our_{{ name }}_calendar_minutes) as calendar_distance
    from tickets
    {{ "union all" if not loop.last }}
    {% endfor %}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- Where the calendar agrees only the opening hours can differ: the vendor's are not ours. Without events there is
-- nothing to count from.
judged as (
    select
        *,
        coalesce(distance <= 1, false) as is_equal,
        case
            when clock = 'business' then coalesce(calendar_distance <= 1, false)
            else n_events = 0
        end as is_explained
    from timed
    where vendor_minutes is not null
),

counted as (
    select
        source,
        measure,
        clock,
        count(*) as n_tickets,
        count(case when is_equal then 1 end) as n_equal,
        count(case when not is_equal and is_explained then 1 end) as n_explained
    from judged
    group by 1, 2, 3
),

final as (
    select
        source,
        'tickets' as object,
        measure,
        'within a minute' as scope,
        cast(n_tickets as decimal(28, 2)) as source_value,
        cast(n_equal as decimal(28, 2)) as warehouse_value,
        cast(-n_explained as decimal(28, 2)) as explained_difference,
        case when clock = 'business' then 'other_opening_hours' else 'no_events' end as explanation_code,
        -- The vendor recounts some tickets after merges and reassignments that leave no event.
        cast(ceil(0.01 * n_tickets) as decimal(28, 2)) as tolerance
    from counted
)

select * from final
