with

schedules as (
    select * from {{ ref("business_schedule") }}
),

holidays as (
    select * from {{ ref("business_holiday") }}
),

offsets as (
    select * from {{ ref("int_zone_offsets") }}
),

bounds as (
    select
        cast(min(from_at) as date) as first_day,
        cast(max(until_at) as date) as last_day
    from offsets
),

day_numbers as (
    select
        first_day,
        {{ integers_between("0", days_between("first_day", "last_day")) }} as day_number
    from bounds
),

days as (
    select {{ days_after("first_day", "day_number") }} as day
    from day_numbers
),

opening_hours as (
    select
        schedules.schedule_code,
        schedules.time_zone,
        {{ seconds_after("cast(days.day as timestamp)", minutes_of_day("schedules.opens_at") ~ " * 60") }} as opens_at,
        {{ seconds_after("cast(days.day as timestamp)", minutes_of_day("schedules.closes_at") ~ " * 60") }}
            as closes_at
    from schedules
    inner join days on schedules.weekday = {{ iso_day_of_week("days.day") }}
    left join holidays
        on schedules.schedule_code = holidays.schedule_code and days.day = holidays.holiday_date
    where holidays.schedule_code is null
),

-- While a zone keeps its offset, wall clock and UTC run alike: an hour that is left out opens nothing, one that comes
-- twice opens twice.
spans as (
    select
        opening_hours.schedule_code,
        greatest({{ seconds_after("opening_hours.opens_at", "-offsets.offset_seconds") }}, offsets.from_at) as from_at,
        least({{ seconds_after("opening_hours.closes_at", "-offsets.offset_seconds") }}, offsets.until_at) as open_until
    from opening_hours
    inner join offsets on opening_hours.time_zone = offsets.time_zone
),

-- Cut at midnight UTC, so that an instant is looked up by its day.
cut_spans as (
    select
        spans.schedule_code,
        days.day,
        greatest(spans.from_at, cast(days.day as timestamp)) as from_at,
        least(spans.open_until, cast({{ days_after("days.day", 1) }} as timestamp)) as open_until
    from spans
    inner join days
        on days.day between cast(spans.from_at as date) and cast(spans.open_until as date)
    where spans.from_at < spans.open_until
),

beginnings as (
    select
        schedule_code,
        day,
        from_at,
        open_until
    from cut_spans
    where from_at < open_until
    union all
    select
        schedules.schedule_code,
        days.day,
        cast(days.day as timestamp) as from_at,
        cast(days.day as timestamp) as open_until
    from (select distinct schedule_code from schedules) as schedules
    cross join days
),

stretches as (
    select
        schedule_code,
        day,
        from_at,
        max(open_until) as open_until
    from beginnings
    group by schedule_code, day, from_at
),

final as (
    select
        schedule_code,
        day,
        from_at,
        open_until,
        lead(from_at) over (partition by schedule_code order by from_at) as until_at,
        cast(
            coalesce(
                sum({{ seconds_between("from_at", "open_until") }}) over (
                    partition by schedule_code order by from_at
                    rows between unbounded preceding and 1 preceding
                ), 0
            ) as bigint
        ) as seconds_before
    from stretches
)

select *
from final
where until_at is not null
