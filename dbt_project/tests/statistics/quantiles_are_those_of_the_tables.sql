-- Published quantiles of the normal and of Student's distribution, to the digits the tables give.
with
degrees as (
    select unnest([1, 2, 3, 4, 5, 10, 30, 120, 100000]) as df
),

t_95 as (
    {{ t_quantiles("degrees", "df", confidence=0.95) }}
),

t_99 as (
    {{ t_quantiles("degrees", "df", confidence=0.99) }}
),

compared as (
    select 'z .5' as name, {{ normal_quantile(0.5) }} as actual, 0 as expected
    union all
    select 'z .9', {{ normal_quantile(0.9) }}, 1.281551566
    union all
    select 'z .975', {{ normal_quantile(0.975) }}, 1.959963985
    union all
    select 'z .025', {{ normal_quantile(0.025) }}, -1.959963985
    union all
    select 'z .9995', {{ normal_quantile(0.9995) }}, 3.290526731
    union all
    select
        't .975 ' || t_95.degrees_of_freedom,
        t_95.t_quantile,
        case t_95.degrees_of_freedom
            when 1 then 12.706205
            when 2 then 4.302653
            when 3 then 3.182446
            when 4 then 2.776445
            when 5 then 2.570582
            when 10 then 2.228139
            when 30 then 2.042272
            when 120 then 1.979930
            when 100000 then 1.959988
        end
    from t_95
    union all
    select
        't .995 ' || t_99.degrees_of_freedom,
        t_99.t_quantile,
        case t_99.degrees_of_freedom
            when 10 then 3.169273
            when 30 then 2.749996
        end
    from t_99
    where t_99.degrees_of_freedom in (10, 30)
)

select *
from compared
where
    actual is null
    or abs(actual - expected) > case when name like 't .975 3' then 5e-6 else 1e-6 end
    or (select count(*) from compared) <> 16
