{% set grain = ["survey_key", "segment_key", "cohort_month"] %}

with

invitations as (
    select * from {{ ref("fct_survey_invite") }}
    where is_invited and cohort_month is not null
),

responses as (
    select * from {{ ref("fct_survey_response") }}
),

gaps as (
    select * from {{ ref("fct_value_gap") }}
    where gap_type = 'satisfaction'
),

segments as (
    select * from {{ ref("int_customer_segments") }}
    where segment_type in ('all', 'market_segment')
),

customer_months as (
    select * from {{ ref("int_customer_month") }}
),

margins as (
    select * from {{ ref("int_customer_trailing_margins") }}
),

critical as (
    select {{ critical_z() }} as z
),

-- Everybody is in the row of all, whoever they are; only known customers have a market segment.
placed_invitations as (
    select
        invitations.*,
        coalesce(segments.segment_key, 'all:all') as segment_key
    from invitations
    left join segments on invitations.customer_key = segments.customer_key
),

placed_responses as (
    select
        responses.*,
        coalesce(segments.segment_key, 'all:all') as segment_key
    from responses
    left join segments on responses.customer_key = segments.customer_key
),

funnel as (
    select
        {{ grain | join(", ") }},
        cast(count(*) as bigint) as n_invited,
        cast(count(case when is_delivered then 1 end) as bigint) as n_delivered,
        cast(count(case when is_opened then 1 end) as bigint) as n_opened,
        cast(count(case when is_started then 1 end) as bigint) as n_started,
        cast(count(case when is_completed then 1 end) as bigint) as n_completed,
        cast(count(case when is_delivered and is_fatigued then 1 end) as bigint) as n_fatigued,
        cast(count(distinct customer_key) as bigint) as n_customers_invited,
        cast(count(case when customer_key is null then 1 end) as bigint) as n_invites_unlinked
    from placed_invitations
    group by {{ grain | join(", ") }}
),

-- One row per customer invited: whether anybody of it completed, and what it brought in the twelve months up to then.
invited_customers as (
    select
        placed_invitations.survey_key,
        placed_invitations.segment_key,
        placed_invitations.cohort_month,
        placed_invitations.customer_key,
        case when bool_or(placed_invitations.is_completed) then min(margins.margin_12m_amount) end
            as answering_margin_amount,
        case when not bool_or(placed_invitations.is_completed) then min(margins.margin_12m_amount) end
            as silent_margin_amount,
        bool_or(customer_months.is_active) as is_active
    from placed_invitations
    left join margins
        on
            placed_invitations.customer_key = margins.customer_key
            and placed_invitations.cohort_month = margins.month_start
    left join customer_months
        on
            placed_invitations.customer_key = customer_months.customer_key
            and placed_invitations.cohort_month = customer_months.month_start
    where placed_invitations.is_delivered and placed_invitations.customer_key is not null
    group by
        placed_invitations.survey_key, placed_invitations.segment_key, placed_invitations.cohort_month,
        placed_invitations.customer_key
),

margins_compared as (
    select
        {{ grain | join(", ") }},
        cast(count(case when is_active then 1 end) as bigint) as n_active_invited,
        count(answering_margin_amount) as n_answering,
        count(silent_margin_amount) as n_silent,
        avg(answering_margin_amount) as answering_margin,
        avg(silent_margin_amount) as silent_margin,
        {{ exact_standard_error("answering_margin_amount") }} as answering_se,
        {{ exact_standard_error("silent_margin_amount") }} as silent_se
    from invited_customers
    group by {{ grain | join(", ") }}
),

active_customers as (
    select
        segments.segment_key,
        customer_months.month_start as cohort_month,
        cast(count(*) as bigint) as n_customers_active
    from customer_months
    inner join segments on customer_months.customer_key = segments.customer_key
    where customer_months.is_active
    group by segments.segment_key, customer_months.month_start
),

judged as (
    select
        {{ grain | join(", ") }},
        cast(count(*) as bigint) as n_responses,
        cast(count(case when is_kept then 1 end) as bigint) as n_kept,
        cast(count(case when invite_key is null then 1 end) as bigint) as n_without_invite,
        cast(count(case when customer_key is null then 1 end) as bigint) as n_unlinked,
        cast(count(case when is_anonymous then 1 end) as bigint) as n_anonymous,
        cast(count(case when is_duplicate then 1 end) as bigint) as n_duplicates,
        cast(count(case when is_kept and is_straightliner then 1 end) as bigint) as n_straightliners,
        cast(count(case when is_kept and is_speeder then 1 end) as bigint) as n_speeders,
        cast(count(case when is_edited_mid_field then 1 end) as bigint) as n_edited_mid_field,
        cast(coalesce(sum(case when is_kept then n_rejected end), 0) as bigint) as n_answers_rejected,
        count(distinct case when is_kept then customer_key end) as n_customers,
        sum({{ exact("weight_nonresponse") }}) as weight_total,
        sum({{ exact("weight_nonresponse") }} * {{ exact("weight_nonresponse") }}) as weight_square_total,
        {{ safe_divide("sum(case when is_kept then n_agreeing end)", "sum(case when is_kept then n_graded end)") }}
            as acquiescence_share,
        {{ safe_divide("sum(case when is_kept then n_extreme end)", "sum(case when is_kept then n_graded end)") }}
            as extreme_share
    from placed_responses
    group by {{ grain | join(", ") }}
),

paired as (
    select
        placed_responses.survey_key,
        placed_responses.segment_key,
        placed_responses.cohort_month,
        cast(count(*) as bigint) as n_experiences,
        cast(count(gaps.expected_score) as bigint) as n_pairs
    from placed_responses
    inner join gaps on placed_responses.response_key = gaps.response_key
    group by placed_responses.survey_key, placed_responses.segment_key, placed_responses.cohort_month
),

grain_rows as (
    select {{ grain | join(", ") }} from funnel
    union
    select {{ grain | join(", ") }} from judged
),

joined as (
    select
        grain_rows.survey_key,
        grain_rows.segment_key,
        split_part(grain_rows.segment_key, ':', 1) as segment_type,
        substr(grain_rows.segment_key, length(split_part(grain_rows.segment_key, ':', 1)) + 2) as segment_value,
        grain_rows.cohort_month,
        {{ days_after(months_after("grain_rows.cohort_month", 1), var("invite_settled_days")) }}
        <= {{ as_of_date() }} as is_settled,
        {%- for column in [
            "n_invited", "n_delivered", "n_opened", "n_started", "n_completed", "n_fatigued", "n_customers_invited",
            "n_invites_unlinked"
        ] %}
        coalesce(funnel.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        {%- for column in [
            "n_responses", "n_kept", "n_without_invite", "n_unlinked", "n_anonymous", "n_duplicates",
            "n_straightliners", "n_speeders", "n_edited_mid_field", "n_answers_rejected", "n_customers"
        ] %}
        coalesce(judged.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        case when {{ is_reportable("judged.n_customers") }} then judged.acquiescence_share end as acquiescence_share,
        case when {{ is_reportable("judged.n_customers") }} then judged.extreme_share end as extreme_share,
        coalesce(paired.n_experiences, 0) as n_experiences,
        coalesce(paired.n_pairs, 0) as n_pairs,
        {{ kish_effective_size("judged.weight_total", "judged.weight_square_total") }} as n_effective,
        active_customers.n_customers_active,
        margins_compared.n_active_invited,
        margins_compared.answering_margin - margins_compared.silent_margin as nonresponse_gap,
        cast(least(margins_compared.n_answering, margins_compared.n_silent) - 1 as bigint) as degrees_of_freedom,
        sqrt(
            margins_compared.answering_se * margins_compared.answering_se
            + margins_compared.silent_se * margins_compared.silent_se
        ) as nonresponse_gap_se
    from grain_rows
    left join funnel
        on
            grain_rows.survey_key = funnel.survey_key
            and grain_rows.segment_key = funnel.segment_key
            and grain_rows.cohort_month = funnel.cohort_month
    left join judged
        on
            grain_rows.survey_key = judged.survey_key
            and grain_rows.segment_key = judged.segment_key
            and grain_rows.cohort_month = judged.cohort_month
    left join paired
        on
            grain_rows.survey_key = paired.survey_key
            and grain_rows.segment_key = paired.segment_key
            and grain_rows.cohort_month = paired.cohort_month
    left join margins_compared
        on
            grain_rows.survey_key = margins_compared.survey_key
            and grain_rows.segment_key = margins_compared.segment_key
            and grain_rows.cohort_month = margins_compared.cohort_month
    left join active_customers
        on
            grain_rows.segment_key = active_customers.segment_key
            and grain_rows.cohort_month = active_customers.cohort_month
),

critical_t as (
    {{ t_quantiles("joined", "degrees_of_freedom") }}
),

rated as (
    select
        joined.*,
        {{ safe_divide("joined.n_completed", "joined.n_delivered") }} as response_rate,
        critical.z,
        critical_t.t_quantile
    from joined
    cross join critical
    left join critical_t on joined.degrees_of_freedom = critical_t.degrees_of_freedom
),

final as (
    select
        survey_key,
        segment_key,
        segment_type,
        segment_value,
        cohort_month,
        is_settled,
        n_invited,
        n_delivered,
        n_opened,
        n_started,
        n_completed,
        response_rate,
        {{ wilson_low("response_rate", "n_delivered", "z") }} as response_rate_low,
        {{ wilson_high("response_rate", "n_delivered", "z") }} as response_rate_high,
        {{ safe_divide("n_completed", "n_started") }} as completion_rate,
        n_customers_invited,
        n_customers_active,
        {{ safe_divide("n_active_invited", "n_customers_active") }} as coverage_of_customers,
        {{ safe_divide("n_fatigued", "n_delivered") }} as fatigue_share,
        n_invites_unlinked,
        n_responses,
        n_kept,
        n_customers,
        n_without_invite,
        n_unlinked,
        n_anonymous,
        {{ safe_divide("n_duplicates", "n_responses") }} as duplicate_rate,
        {{ safe_divide("n_straightliners", "n_kept") }} as straightline_rate,
        {{ safe_divide("n_speeders", "n_kept") }} as speeder_rate,
        n_edited_mid_field,
        n_answers_rejected,
        n_effective,
        {{ design_effect("n_kept", "n_effective") }} as design_effect,
        cast(nonresponse_gap as decimal(18, 2)) as nonresponse_gap_amount,
        cast(nonresponse_gap - t_quantile * nonresponse_gap_se as decimal(18, 2)) as nonresponse_gap_low_amount,
        cast(nonresponse_gap + t_quantile * nonresponse_gap_se as decimal(18, 2)) as nonresponse_gap_high_amount,
        {{ safe_divide("n_pairs", "n_experiences") }} as expectation_pair_rate,
        acquiescence_share,
        extreme_share,
        {{ is_reportable("greatest(n_customers_invited, n_customers)") }} as is_reportable,
        {{ reliability("greatest(n_customers_invited, n_customers)") }} as reliability,
        {{ lineage_columns() }}
    from rated
)

select * from final
