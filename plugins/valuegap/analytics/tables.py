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
create table if not exists analytics.driver_fit (
    outcome_code varchar not null, segment_key varchar not null,
    n_customers bigint not null, n_responses bigint not null, n_drivers bigint not null,
    r_squared double, n_resamples bigint not null,
    unavailable_reason varchar,
    input_hash varchar not null, method_version varchar not null,
    primary key (outcome_code, segment_key)
);
create table if not exists analytics.driver_weight (
    outcome_code varchar not null, segment_key varchar not null, attribute_code varchar not null,
    correlation double, standardized_beta double, vif double,
    johnson_share double, johnson_low double, johnson_high double,
    lmg_share double, lmg_low double, lmg_high double,
    repeats_attribute_code varchar,
    unavailable_reason varchar,
    input_hash varchar not null,
    primary key (outcome_code, segment_key, attribute_code)
);
"""
"""Declared with the raw tables, so that dbt finds them, empty, where nothing was fitted yet."""
