-- Orders of a currency without a rate on their day have no amount: each currency named here wants rows in fx_rate.csv.
{{ config(severity="warn") }}

select
    currency,
    count(*) as n_lines,
    sum(net_amount_original) as net_amount_original,
    min(cast(ordered_at as date)) as first_day,
    max(cast(ordered_at as date)) as last_day
from {{ ref("fct_order_line") }}
where not has_rate and not is_deleted
group by currency
