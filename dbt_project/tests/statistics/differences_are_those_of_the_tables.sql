-- Welch's interval of 1 … 5 against 2, 4 … 12 and Newcombe's of 56 of 70 against 48 of 80 (1998, table II, method 10);
-- quantiles at tails and degrees of freedom that only the data know, as SciPy gives them.
{% set z = 1.959963985 %}
with
asked as (
    select *
    from (
        values
        (1.0, 0.05, 12.7062047), (2.9, 0.05, 4.3026527), (3.7, 0.05, 2.8675207), (6.972255729794934, 0.05, 2.3665330),
        (6.972255729794934, 0.05 / 3, 3.1312224), (30.5, 0.05 / 15, 3.1843346), (120.0, 0.2, 1.2886462),
        (1000.0, 0.05 / 190, 3.6622048)
    ) as rows_of_the_table (df, tails, t_quantile)
),

answered as (
    {{ t_quantiles_at("asked", "df", "tails") }}
),

normal as (
    {{ normal_quantiles_at("asked", "tails") }}
),

compared as (
    select
        't ' || asked.df || ' ' || asked.tails as name,
        answered.t_quantile as actual,
        asked.t_quantile as expected,
        case when asked.df between 3 and 4 then 3e-5 else 2e-6 end as tolerance
    from asked
    left join answered on asked.df = answered.degrees_of_freedom and asked.tails = answered.tails
    union all
    select
        'z ' || tails,
        z,
        case round(tails, 4) when 0.2 then 1.281551566 when 0.05 then 1.959963985 when 0.0167 then 2.393979800
            when 0.0033 then 2.935199469 when 0.0003 then 3.649102696 end,
        1e-8
    from normal
    union all
    select 'Welch se', {{ welch_standard_error("sqrt(0.5)", "sqrt(14.0 / 6)") }}, 1.6832508, 1e-7
    union all
    select 'Welch df', {{ welch_degrees_of_freedom("sqrt(0.5)", 5, "sqrt(14.0 / 6)", 6) }}, 6.9722557, 1e-7
    union all
    select
        'Newcombe low',
        {{ square_and_add_low(
            "0.8", wilson_low("0.8", 70, z), "0.6", wilson_high("0.6", 80, z)
        ) }},
        0.0524,
        5e-5
    union all
    select
        'Newcombe high',
        {{ square_and_add_high(
            "0.8", wilson_high("0.8", 70, z), "0.6", wilson_low("0.6", 80, z)
        ) }},
        0.3339,
        5e-5
    union all
    select 'promoters of 50/30/20', {{ promoters_behind("30.0", "7.810249675906654", 100) }}, 50, 1e-9
    union all
    select 'detractors of 50/30/20', {{ detractors_behind("30.0", "7.810249675906654", 100) }}, 20, 1e-9
)

select *
from compared
where
    actual is null
    or abs(actual - expected) > tolerance
    or (select count(*) from compared) <> 19
