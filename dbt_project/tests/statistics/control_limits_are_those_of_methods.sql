-- A share of 0.2 over 100 has limits 0.08 and 0.32. A mean whose customers vary by 20 has, of 25 customers, limits 12
-- on either side; the NPS of 50, 30 and 20 in a hundred, of standard error 7.810250, has 23.430749. What never varied
-- has none.
with

found as (
    select
        {{ share_chart_half_width("0.2", "100") }} as share_width,
        {{ mean_chart_half_width("400.0", "25") }} as mean_width,
        {{ mean_chart_half_width("6100.0", "100") }} as nps_width,
        {{ share_chart_half_width("1.0", "100") }} as constant_share_width,
        {{ mean_chart_half_width("0.0", "100") }} as constant_mean_width
)

select *
from found
where
    coalesce(abs(share_width - 0.12) > 1e-12, true)
    or coalesce(abs(mean_width - 12) > 1e-12, true)
    or coalesce(abs(nps_width - 23.430749) > 1e-6, true)
    or constant_share_width is not null
    or constant_mean_width is not null
