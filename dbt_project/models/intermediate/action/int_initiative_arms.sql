-- Who an initiative treats and who it is compared with: customers of the other segments of its type. No comparison
-- with a customer whose segment is unknown, who may be treated, nor with one treated by another initiative on the same
-- subject within the windows: its scores move for reasons of their own.
with

windows as (
    select * from {{ ref("int_initiative_windows") }}
    where has_begun
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

treated_elsewhere as (
    select distinct
        windows.initiative_id,
        segments.customer_key
    from windows
    inner join windows as others
        on
            windows.subject_code = others.subject_code
            and windows.initiative_id <> others.initiative_id
            and windows.segment_key <> others.segment_key
            and others.segment_type <> 'all'
            and windows.post_end >= others.start_date
            and windows.pre_start <= others.last_day
    inner join segments on others.segment_key = segments.segment_key
),

final as (
    select
        windows.initiative_id,
        segments.customer_key,
        case
            when segments.segment_key = windows.segment_key then 'treated'
            when segments.segment_value = 'unknown' or treated_elsewhere.customer_key is not null then 'excluded'
            else 'control'
        end as arm
    from windows
    inner join segments on windows.segment_type = segments.segment_type
    left join treated_elsewhere
        on
            windows.initiative_id = treated_elsewhere.initiative_id
            and segments.customer_key = treated_elsewhere.customer_key
)

select * from final
