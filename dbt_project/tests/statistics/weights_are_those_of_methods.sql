-- Golden numbers: weights 1, 1, 1, 1, 4 say as much as 3.2 equal ones, design effect 1.5625; of 100 asked 30 belong to
-- a class of which 5 of all 20 answered: each of them stands for 1.2.
with

weighted as (
    select
        sum(weight) as weight_total,
        sum(weight * weight) as weight_square_total,
        count(*) as n
    from (
        select cast(1 as decimal(18, 9)) as weight from (select {{ integers_between("1", "4") }} as number) as four
        union all
        select cast(4 as decimal(18, 9)) as weight
    ) as weights
),

found as (
    select 'effective size' as what, {{ kish_effective_size("weight_total", "weight_square_total") }} as is_, 3.2 as ought
    from weighted
    union all
    select
        'design effect' as what,
        {{ design_effect("n", kish_effective_size("weight_total", "weight_square_total")) }} as is_,
        1.5625 as ought
    from weighted
    union all
    select 'weight of a class' as what, {{ weighting_class_weight("30", "100", "5", "20") }} as is_, 1.2 as ought
    union all
    select 'weight of a class nobody answered for' as what, {{ weighting_class_weight("30", "100", "0", "20") }} as is_, null as ought
)

select *
from found
where (is_ is null) <> (ought is null) or abs(is_ - cast(ought as double)) > 1e-12
