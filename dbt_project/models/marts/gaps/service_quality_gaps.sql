{#- Of each gap what is held against what, and the level whose mean is already the difference within each customer. -#}
{% set gaps = [
    (1, "knowledge", "expected", "believed", none),
    (2, "standards", "believed", "standard", none),
    (3, "delivery", "standard", "delivered", none),
    (4, "communication", "promised", "received", "kept"),
    (5, "service", "expected", "experienced", "disconfirmed"),
] %}

with

levels as (
    select * from {{ ref("int_service_quality_levels") }}
),

periods as (
    select * from {{ ref("int_periods") }}
    where period_grain <> 'month' and period_start <= {{ as_of_date() }}
),

attributes as (
    select distinct attribute_code
    from levels
),

gap_kinds as (
    {% for number, name, reference, compared, paired in gaps -%}
    select
        {{ number }} as gap_number,
        '{{ name }}' as gap_name,
        '{{ reference }}' as reference_level,
        '{{ compared }}' as compared_level,
        {{ "'" ~ paired ~ "'" if paired else "cast(null as varchar)" }} as paired_level
    {{ "union all" if not loop.last }}
    {% endfor -%}
),

measured as (
    select
        gap_kinds.*,
        attributes.attribute_code,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.period_is_complete,
        references_of.mean_score as reference_score,
        references_of.se as reference_se,
        coalesce(references_of.n, 0) as n_reference,
        compared_of.mean_score as compared_score,
        compared_of.se as compared_se,
        coalesce(compared_of.n, 0) as n_compared,
        paired_of.mean_score as paired_gap,
        paired_of.se as paired_se
    from gap_kinds
    cross join attributes
    cross join periods
    {% for alias, level in {
        "references_of": "reference_level", "compared_of": "compared_level", "paired_of": "paired_level",
    }.items() -%}
    left join levels as {{ alias }}
        on
            gap_kinds.{{ level }} = {{ alias }}.level
            and attributes.attribute_code = {{ alias }}.attribute_code
            and periods.period_grain = {{ alias }}.period_grain
            and periods.period_start = {{ alias }}.period_start
    {% endfor -%}
),

judged as (
    select
        *,
        case when paired_level is null then 'independent' else 'paired' end as basis,
        case
            when n_compared > 0 and n_reference > 0 then null
            when n_reference = 0
                then
                    case reference_level
                        when 'expected' then 'no_expectation'
                        when 'promised' then 'no_promise'
                        else 'no_management_survey'
                    end
            else case gap_name when 'delivery' then 'no_experience' else 'no_management_survey' end
        end as unavailable_reason
    from measured
),

subtracted as (
    select
        *,
        case
            when unavailable_reason is not null then null
            when basis = 'paired' then paired_gap
            else compared_score - reference_score
        end as gap_score,
        case
            when unavailable_reason is not null then null
            when basis = 'paired' then paired_se
            else {{ welch_standard_error("compared_se", "reference_se") }}
        end as se,
        case
            when unavailable_reason is not null then null
            when basis = 'paired' then cast(n_compared - 1 as double)
            else {{ welch_degrees_of_freedom("compared_se", "n_compared", "reference_se", "n_reference") | indent(16) }}
        end as degrees_of_freedom,
        least(n_reference, n_compared) as n_smaller,
        cast({{ 1 - var("confidence") | float }} as double) as tails
    from judged
),

critical_t as (
    {{ t_quantiles_at("subtracted", "degrees_of_freedom", "tails") | indent(4) }}
),

final as (
    select
        subtracted.gap_number,
        subtracted.gap_name,
        subtracted.attribute_code,
        subtracted.period_grain,
        subtracted.period_start,
        subtracted.period_end,
        subtracted.period_is_complete,
        subtracted.reference_level,
        subtracted.compared_level,
        subtracted.reference_score,
        subtracted.compared_score,
        subtracted.gap_score,
        subtracted.se,
        {{ mean_low("subtracted.gap_score", "subtracted.se", "critical_t.t_quantile", -100, 100) | indent(8) }}
            as ci_low,
        {{ mean_high("subtracted.gap_score", "subtracted.se", "critical_t.t_quantile", -100, 100) | indent(8) }}
            as ci_high,
        subtracted.basis,
        subtracted.n_reference,
        subtracted.n_compared,
        subtracted.unavailable_reason is null as is_available,
        subtracted.unavailable_reason,
        {{ is_reportable("subtracted.n_smaller") }} as is_reportable,
        {{ reliability("subtracted.n_smaller") | indent(8) }} as reliability,
        {{ lineage_columns() | indent(8) }}
    from subtracted
    left join critical_t
        on
            subtracted.degrees_of_freedom = critical_t.degrees_of_freedom
            and subtracted.tails = critical_t.tails
)

select * from final
