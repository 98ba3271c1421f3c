-- Golden numbers of empirical Bayes, for means and for shares, and what happens at the edges.
with
scores as (
    select
        unnest(['a', 'a', 'a', 'b', 'b', 'b', 'b', 'c', 'd', 'd', 'd', 'd', 'd']) as group_code,
        unnest([60, 70, 80, 50, 55, 52, 58, 90, 40, 45, 35, 50, 30]) as score
),

score_groups as (
    select
        'all' as kind,
        group_code,
        count(*) as n,
        sum({{ exact("score") }}) as total,
        sum({{ exact("score") }} * {{ exact("score") }}) as square_total
    from scores
    group by group_code
),

score_prior as (
    {{ prior("score_groups", ["kind"], "n", "total", "square_total") }}
),

answer_groups as (
    select
        unnest(['five', 'five', 'five', 'five', 'five', 'two', 'two', 'alike', 'alike', 'alike']) as kind,
        unnest(['p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y']) as group_code,
        unnest([10, 50, 200, 3, 2, 10, 10, 10, 10, 10]) as n,
        unnest([8, 45, 180, 3, 0, 9, 1, 5, 5, 5]) as total
),

answer_prior as (
    {{ prior("answer_groups", ["kind"], "n", "total", "total") }}
),

compared as (
    select
        'shrunk mean of ' || group_code as name,
        {{ shrunk_mean("total / n", "n") }} as actual,
        case group_code when 'a' then 69.1906 when 'b' then 53.8013 when 'c' then 84.8862 when 'd' then 40.4963 end as expected
    from score_groups
    inner join score_prior
        on score_groups.kind = score_prior.kind
    union all
    select 'mu', prior_mean, 55 from score_prior
    union all
    select 'MSW', prior_within_variance, 54.0833 from score_prior
    union all
    select 'tau square', prior_between_variance, 316.0763 from score_prior
    union all
    select
        'shrunk share of ' || group_code,
        {{ shrunk_share("total", "n") }},
        case group_code
            when 'p' then 0.835647
            when 'q' then 0.898916
            when 'r' then 0.899703
            when 's' then 0.925158
            when 't' then 0.680792
            when 'u' then 0.9  -- two groups tell nothing of a third: no shrinkage
            when 'v' then 0.1
            else 0.5  -- no variance between the groups: the prior
        end
    from answer_groups
    inner join answer_prior
        on answer_groups.kind = answer_prior.kind
    union all
    select 'mu of shares', prior_mean, 0.890566 from answer_prior where kind = 'five'
    union all
    select
        'M',
        prior_mean * (1 - prior_mean) / prior_between_variance - 1,
        6.490727
    from answer_prior
    where kind = 'five'
    union all
    select 'percent instead of shares', {{ shrunk_share("800", "10", whole=100) }}, 83.5647
    from (
        select
            prior_groups,
            100 * prior_mean as prior_mean,
            1e4 * prior_within_variance as prior_within_variance,
            1e4 * prior_between_variance as prior_between_variance
        from answer_prior
        where kind = 'five'
    ) as percent_prior
    union all
    select 'a group of nobody', {{ shrunk_mean("cast(null as double)", "0") }}, 55 from score_prior
)

select *
from compared
where actual is null or abs(actual - expected) > 5e-5
