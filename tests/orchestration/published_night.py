"""A published warehouse with a handful of alerts and gaps, written by hand."""

import json
from pathlib import Path

import duckdb

from valuegap import warehouse
from valuegap.night import Night
from valuegap.quality import results
from valuegap.quality.results import CheckResult, GateResult
from valuegap.quality.suites import Severity
from valuegap.settings import Settings

MARTS = """
create schema marts;
create table marts.publication as select 1 as table_count;
create table marts.dim_metric (metric_code varchar, metric_name varchar);
insert into marts.dim_metric values ('satisfaction_gap', 'Satisfaction gap'), ('nps', 'NPS');
create table marts.dim_attribute (attribute_code varchar, attribute_name varchar);
insert into marts.dim_attribute values ('delivery', 'Delivery <on time>');
create table marts.alert (
    alert_id varchar, rule varchar, metric_code varchar, attribute_code varchar, segment_key varchar,
    segment_type varchar, segment_value varchar, source varchar, n_streams bigint, period_start date,
    unit varchar, metric_value double, side varchar, limit_value double, baseline_value double,
    n_customers bigint, reliability varchar, owner varchar, is_new boolean, is_harmful boolean,
    is_reportable boolean
);
insert into marts.alert values
    ('control_limit|gap', 'control_limit', 'satisfaction_gap', 'delivery', 'market_segment:mid_market',
     'market_segment', 'mid_market', null, null, date '2026-01-01', 'points of 100', -14.2, 'below', -9.8, -6.1, 24,
     'directional', 'ann@example.com', true, true, true),
    ('target_breach|nps', 'target_breach', 'nps', 'all', 'all:all', 'all', 'all', null, null, date '2026-01-01',
     'points', 9.5, 'below', 25, null, 258, 'reliable', 'head.of.sales', true, true, true),
    ('freshness|zendesk', 'freshness', null, 'all', 'all:all', 'all', 'all', 'zendesk', 2, date '2026-01-30', 'nights',
     2, 'above', 0, null, null, 'reliable', null, true, true, true),
    ('control_limit|good news', 'control_limit', 'nps', 'all', 'all:all', 'all', 'all', null, null, date '2026-01-01',
     'points', 60, 'above', 40, 30, 258, 'reliable', null, true, false, true),
    ('control_limit|old news', 'control_limit', 'nps', 'all', 'all:all', 'all', 'all', null, null, date '2025-06-01',
     'points', 0, 'below', 10, 30, 258, 'reliable', null, false, true, true);
create table marts.schema_drift (kind varchar, source varchar, stream varchar, field_path varchar,
    noticed_as_of date, as_of_date date);
create table marts.satisfaction_gap (attribute_code varchar, gap_score double, ci_low double, ci_high double,
    expectation_score double, experience_score double, n_customers bigint, segment_type varchar,
    period_grain varchar, is_reportable boolean);
insert into marts.satisfaction_gap values
    ('delivery', -13.4, -15.2, -11.5, 80, 66.6, 261, 'all', 'trailing_12m', true),
    ('delivery', -77.7, -80, -70, 80, 2.3, 3, 'all', 'trailing_12m', false);
"""
BUILD = """
insert into ops.loads values
    ('zendesk', 'tickets', $run_id, $as_of, 1234, 1232, 2, null, 'abc', null),
    ('hubspot', 'deals', $run_id, $as_of, 10, 9, 1, null, 'abc', 'not on this <plan>');
insert into ops.quarantine values
    ('zendesk', 'tickets', $run_id, $as_of, 3, 17, 'not JSON: <b>jane@example.com</b>', '{"name": "Jane Roe"'),
    ('zendesk', 'tickets', $run_id, $as_of, 3, 18, 'not JSON: <b>jane@example.com</b>', '{"name": "Jane Roe"'),
    ('hubspot', 'deals', $run_id, $as_of, 1, 2, 'amount is no number', '{"dealname": "Jane Roe"}');
"""


def publish_night(settings: Settings, night: Night) -> Path:
    """Write the published file, the build warehouse and both gates' results of a night."""
    settings.published_dir.mkdir(parents=True, exist_ok=True)
    file = settings.published_dir / f"warehouse-{night.as_of_date}-0123456789ab.duckdb"
    with duckdb.connect(str(file)) as published:
        published.execute(MARTS)
    link = settings.published_dir / "warehouse.duckdb"
    link.unlink(missing_ok=True)
    link.symlink_to(file.name)
    with warehouse.writer(settings) as build:
        for statement in BUILD.strip().split(";\n"):
            build.execute(statement, {"run_id": night.run_id, "as_of": night.as_of_date})
    for gate in ("raw", "marts"):
        check = CheckResult("a.yml", "a", "a", "a", (), Severity.CRITICAL, success=True, notes="a")
        results.write(GateResult(gate, night.run_id, night.as_of_date, (check,), "f"), settings.reports_dir)
    (settings.reports_dir / night.run_id / "quality.html").write_text(f"<p>Report of {night.run_id}</p>")
    return file


def told(settings: Settings) -> list[str]:
    """Return the alerts somebody was told of, in that order."""
    file = settings.data_dir / "told_alerts.ndjson"
    return [json.loads(line)["alert_id"] for line in file.read_text().splitlines()] if file.exists() else []
