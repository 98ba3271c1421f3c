{% set quarter_hours = integers_between("0", "95") %}

with

schedules as (
    select * from {{ ref("business_schedule") }}
),

tickets as (
    select * from {{ ref("int_tickets_unioned") }}
),

zones as (
    select distinct time_zone from schedules
),

bounds as (
    select coalesce(min(cast(least(created_at, first_event_at) as date)), {{ as_of_date() }}) as first_day
    from tickets
),

day_numbers as (
    select
        first_day,
        {{ integers_between("-2", days_between("first_day", as_of_date()) ~ " + 3") }} as day_number
    from bounds
),

zone_days as (
    select
        zones.time_zone,
        cast({{ days_after("day_numbers.first_day", "day_numbers.day_number") }} as timestamp) as instant_at
    from zones
    cross join day_numbers
),

followed_days as (
    select
        time_zone,
        instant_at,
        {{ seconds_between("instant_at", wall_clock("instant_at", "time_zone")) }} as offset_seconds,
        {{ seconds_between(
            seconds_after("instant_at", 86400), wall_clock(seconds_after("instant_at", 86400), "time_zone")
        ) }} as next_offset_seconds
    from zone_days
),

-- Today's zones change their offset on a quarter of an hour in UTC: only days of a change are looked at by quarters.
change_quarters as (
    select
        time_zone,
        instant_at as day_at,
        {{ quarter_hours }} as quarter_number
    from followed_days
    where offset_seconds <> next_offset_seconds
),

instants as (
    select time_zone, instant_at
    from zone_days
    union
    select time_zone, {{ seconds_after("day_at", "quarter_number * 900") }} as instant_at
    from change_quarters
),

offsets as (
    select
        time_zone,
        instant_at,
        {{ seconds_between("instant_at", wall_clock("instant_at", "time_zone")) }} as offset_seconds
    from instants
),

compared as (
    select
        *,
        lag(offset_seconds) over (partition by time_zone order by instant_at) as offset_before
    from offsets
),

final as (
    select
        time_zone,
        offset_seconds,
        instant_at as from_at,
        lead(instant_at) over (partition by time_zone order by instant_at) as until_at
    from compared
    where offset_before is null or offset_before <> offset_seconds
)

select
    time_zone,
    offset_seconds,
    from_at,
    coalesce(until_at, {{ seconds_after(as_of_until(), 3 * 86400) }}) as until_at
from final
