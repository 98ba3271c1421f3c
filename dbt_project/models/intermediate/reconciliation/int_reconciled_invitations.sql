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
        count(case when is_invited and status <> 'opted_out' then 1 end) as invited,
        count(case when status = 'bounced' then 1 end) as bounced,
        count(case when is_completed then 1 end) as completed
    from invitations
    group by 1
),

totals as (
    select
        distributions.survey_id,
        'sent' as measure,
        coalesce(distributions.n_sent, 0) as vendor_total,
        by_distribution.invited as our_total
    from distributions
    left join by_distribution on distributions.distribution_id = by_distribution.distribution_id
    union all
    select
        distributions.survey_id,
        'bounced' as measure,
        coalesce(distributions.n_bounced, 0) as vendor_total,
        by_distribution.bounced as our_total
    from distributions
    left join by_distribution on distributions.distribution_id = by_distribution.distribution_id
    union all
    select
        distributions.survey_id,
        'finished' as measure,
        coalesce(distributions.n_finished, 0) as vendor_total,
        by_distribution.completed as our_total
    from distributions
    left join by_distribution on distributions.distribution_id = by_distribution.distribution_id
),

-- Links that are sent to nobody in particular, and distributions older than what is read, have no history.
counted as (
    select
        survey_id,
        measure,
        sum(vendor_total) as vendor_total,
        coalesce(sum(our_total), 0) as our_total,
        sum(case when our_total is null then vendor_total else 0 end) as without_history
    from totals
    group by 1, 2
),

final as (
    select
        'qualtrics' as source,
        'distributions' as object,
        measure,
        survey_id as scope,
        cast(vendor_total as decimal(28, 2)) as source_value,
        cast(our_total as decimal(28, 2)) as warehouse_value,
        cast(-without_history as decimal(28, 2)) as explained_difference,
        'no_history' as explanation_code,
        -- Totals and histories are read one after the other, and people answer in between.
        cast(greatest(5, ceil(0.01 * vendor_total)) as decimal(28, 2)) as tolerance
    from counted
)

select * from final
