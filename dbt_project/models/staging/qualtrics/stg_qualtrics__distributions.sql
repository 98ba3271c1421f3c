with

source as (
    {{ latest_version(source("qualtrics", "distributions"), version="modified_at") }}
),

-- Every night lists all distributions: one that is not in the last list was deleted.
listed as (
    {{ last_census(source("qualtrics", "distributions")) }}
),

counted as (
    select
        *,
        {{ json_typed("stats", '{"sent": "BIGINT", "failed": "BIGINT", "bounced": "BIGINT", "blocked": "BIGINT",'
            ~ ' "skipped": "BIGINT", "complaints": "BIGINT", "opened": "BIGINT", "started": "BIGINT",'
            ~ ' "finished": "BIGINT"}') }} as counts
    from source
),

renamed as (
    select
        counted.id as distribution_id,
        counted.survey_id,
        counted.parent_id as parent_distribution_id,
        counted.mailing_list_id,

        counted.request_type,
        counted.request_status,
        counted.link_type,

        counted.counts.sent as n_sent,
        counted.counts.failed as n_failed,
        counted.counts.bounced as n_bounced,
        counted.counts.blocked as n_blocked,
        counted.counts.skipped as n_skipped,
        counted.counts.complaints as n_complaints,
        counted.counts.opened as n_opened,
        counted.counts.started as n_started,
        counted.counts.finished as n_finished,

        listed.id is null as is_deleted,

        counted.sent_at,
        counted.created_at,
        counted.modified_at
    from counted
    left join listed on counted.id = listed.id
)

select * from renamed
