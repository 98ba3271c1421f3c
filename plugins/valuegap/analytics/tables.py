"""Tables of the schema `analytics`: what the models fitted in Python hand to dbt."""

TABLES = """
create schema if not exists analytics;
create table if not exists analytics.purchase_fit (
    sample varchar primary key,
    n_customers bigint not null, n_repeat_customers bigint not null, n_repeat_purchases bigint not null,
    r double, alpha double, a double, b double, log_likelihood double,
    is_converged boolean not null, is_at_bound boolean not null,
    n_valued_customers bigint not null,
    p double, q double, v double, amount_log_likelihood double,
    is_amount_converged boolean not null, is_amount_at_bound boolean not null,
    frequency_amount_correlation double,
    unusable_reason varchar, amount_unusable_reason varchar,
    input_hash varchar not null, method_version varchar not null
);
create table if not exists analytics.purchase_state (
    sample varchar not null,
    frequency bigint not null, recency_days bigint not null, age_days bigint not null,
    p_alive double not null, expected_purchases double not null, discounted_purchases double,
    primary key (sample, frequency, recency_days, age_days)
);
"""
"""Declared with the raw tables, so that dbt finds them, empty, where nothing was fitted yet."""
