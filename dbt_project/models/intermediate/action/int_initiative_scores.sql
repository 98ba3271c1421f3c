-- Answers within an initiative's windows, averaged into people and people into customers: before, after, and each
-- quarter of a year before the start, counted back from it (pre_quarter 0 is the last one).
with

windows as (
    select * from {{ ref("int_initiative_windows") }}
    where has_begun
),

arms as (
    select * from {{ ref("int_initiative_arms") }}
    where arm <> 'excluded'
),

scores as (
    select * from {{ ref("int_outcome_scores") }}
),

scored_subjects as (
    select distinct metric_code, subject_code from scores
),

-- Its own metric counts as well where the initiative is about another attribute than the metric's question.
outcomes as (
    select distinct
        windows.initiative_id,
        scored_subjects.metric_code,
        scored_subjects.subject_code
    from windows
    inner join scored_subjects
        on
            windows.subject_code = scored_subjects.subject_code
            or (
                windows.metric_code = scored_subjects.metric_code
                and scored_subjects.metric_code not in ('satisfaction_gap', 'experience_of_attribute')
            )
),

placed as (
    select
        windows.initiative_id,
        arms.arm,
        scores.metric_code,
        scores.customer_key,
        scores.respondent_key,
        scores.score,
        case
            when cast(scores.submitted_at as date) between windows.pre_start and windows.pre_end then 'pre'
            else 'post'
        end as phase,
        least(
            3,
            cast(floor({{ days_between("scores.submitted_at", "windows.pre_end") }} / 91.0) as integer)
        ) as pre_quarter
    from windows
    inner join outcomes on windows.initiative_id = outcomes.initiative_id
    inner join scores
        on outcomes.metric_code = scores.metric_code and outcomes.subject_code = scores.subject_code
    inner join arms
        on windows.initiative_id = arms.initiative_id and scores.customer_key = arms.customer_key
    where
        cast(scores.submitted_at as date) between windows.pre_start and windows.pre_end
        or cast(scores.submitted_at as date) between windows.post_start and windows.post_end
),

slices as (
    select
        initiative_id, arm, metric_code, customer_key, respondent_key, score, phase,
        cast(null as integer) as pre_quarter
    from placed
    union all
    select
        initiative_id, arm, metric_code, customer_key, respondent_key, score, 'quarter' as phase, pre_quarter
    from placed
    where phase = 'pre'
),

respondent_scores as (
    select
        initiative_id,
        arm,
        metric_code,
        customer_key,
        respondent_key,
        phase,
        pre_quarter,
        {{ exact_avg("score") }} as score
    from slices
    group by 1, 2, 3, 4, 5, 6, 7
),

customer_scores as (
    select
        initiative_id,
        arm,
        metric_code,
        customer_key,
        phase,
        pre_quarter,
        {{ exact_avg("score") }} as score
    from respondent_scores
    group by 1, 2, 3, 4, 5, 6
)

select * from customer_scores
