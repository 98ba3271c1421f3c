"""Sixty customers for the pages that show or count customers: 20 of AT, 3 of DE, 37 of CH."""

CUSTOMERS = """
create table marts.dim_customer as
select
    lpad(i::varchar, 4, '0') || repeat('f', 28) as customer_key, sha256('customer ' || i) as customer_name_hash,
    'account' as customer_type, 'retail' as industry, 'mid_market' as market_segment,
    case when i < 20 then 'AT' when i < 23 then 'DE' else 'CH' end as country, 'western_europe' as region,
    null::varchar as culture_cluster, '10-49' as size_band, (1 + i % 10)::integer as value_tier,
    'REFERRALS' as lead_source, 'partner' as acquisition_channel, timestamp '2024-01-01' as acquired_at,
    timestamp '2024-02-01' as first_order_at, timestamp '2026-01-10' as last_order_at, 'active' as status,
    2::bigint as n_contacts
from range(60) as numbers (i);
create table marts.relationship_value as
select
    customer_key, true as is_available, null::varchar as unavailable_reason, 'EUR' as currency,
    (case country when 'AT' then 7712.34 else 11 - value_tier end)::decimal(18, 2) as relationship_value_amount,
    value_tier, (1 / 60)::double as equity_share, 0.9::double as retention_rate_year,
    12.5::decimal(18, 2) as margin_per_month, 300::decimal(18, 2) as historic_margin_amount,
    0.95::double as p_alive, 4.2::double as expected_orders_12m
from marts.dim_customer;
"""
