-- Of a segment type all value and all investment is shared out, and of a segment all importance.
select
    segment_type as shared_among,
    'value' as what,
    sum(value_share) as total_share
from (
    select segments.segment_type, equity.value_share
    from {{ ref("int_segment_equity") }} as equity
    inner join {{ ref("dim_segment") }} as segments on equity.segment_key = segments.segment_key
) as value_shares
group by segment_type
having abs(sum(value_share) - 1) > 1e-9
union all
select
    segment_type,
    'investment',
    sum(investment_share)
from (
    select segments.segment_type, investment.investment_share
    from {{ ref("int_segment_investment") }} as investment
    inner join {{ ref("dim_segment") }} as segments on investment.segment_key = segments.segment_key
) as investment_shares
group by segment_type
having abs(sum(investment_share) - 1) > 1e-9
union all
select
    segment_key,
    'importance',
    sum(importance_share)
from {{ ref("int_segment_importance") }}
group by segment_key
having abs(sum(importance_share) - 1) > 1e-9
