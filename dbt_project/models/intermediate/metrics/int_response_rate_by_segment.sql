with

invitations as (
    select * from {{ ref("fct_survey_invite") }}
),

questions as (
    select * from {{ ref("dim_question") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

periods as (
    select * from {{ ref("int_periods") }}
),

customer_surveys as (
    select distinct survey_key
    from questions
    where respondent_role = 'customer'
),

-- Everybody who was asked is in the row of all; only known customers have another segment.
placed as (
    select
        invitations.*,
        coalesce(segments.segment_key, 'all:all') as segment_key,
        coalesce(segments.segment_type, 'all') as segment_type,
        coalesce(segments.segment_value, 'all') as segment_value
    from invitations
    inner join customer_surveys on invitations.survey_key = customer_surveys.survey_key
    left join segments on invitations.customer_key = segments.customer_key
    where invitations.is_delivered
),

final as (
    select
        placed.segment_key,
        placed.segment_type,
        placed.segment_value,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        count(*) as n_delivered,
        count(case when placed.is_completed then 1 end) as n_completed,
        count(distinct placed.customer_key) as n_customers
    from placed
    inner join periods on cast(placed.sent_at as date) between periods.period_start and periods.period_end
    group by 1, 2, 3, 4, 5, 6, 7
)

select * from final
