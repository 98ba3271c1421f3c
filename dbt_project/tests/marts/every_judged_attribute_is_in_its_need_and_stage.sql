-- Fails unless the means of needs and stages hold each attribute a customer judged, once: the guard of their joins.
with
judged as (
    select
        count(attributes.need_code) as of_needs,
        count(attributes.stage_code) as of_stages
    from {{ ref("int_gaps_averaged") }} as gaps
    inner join {{ ref("dim_attribute") }} as attributes on gaps.attribute_code = attributes.attribute_code
    where
        gaps.gap_type = 'satisfaction'
        and gaps.period_grain in ('quarter', 'year', 'trailing_12m')
        and gaps.attribute_code <> 'overall'
),

averaged as (
    select
        coalesce(sum(case when group_kind = 'need' then n_attributes end), 0) as of_needs,
        coalesce(sum(case when group_kind = 'stage' then n_attributes end), 0) as of_stages
    from {{ ref("int_attribute_groups_averaged") }}
)

select
    judged.of_needs,
    judged.of_stages,
    averaged.of_needs as averaged_of_needs,
    averaged.of_stages as averaged_of_stages
from judged
cross join averaged
where judged.of_needs <> averaged.of_needs or judged.of_stages <> averaged.of_stages
