"""A candidate as dbt leaves it: marts with lineage columns and comments, and rows too few to report."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from valuegap import warehouse
from valuegap.night import Night
from valuegap.publish.files import file_sha256
from valuegap.publish.promote import prepare_candidate
from valuegap.quality import results
from valuegap.quality.results import CheckResult, GateResult
from valuegap.quality.suites import Severity
from valuegap.settings import Settings

MARTS = """
create table marts.dim_customer as
select 'customer-' || range as customer_key, $as_of::date as as_of_date, $run_id as run_id, 'abc' as config_hash
from range(100);
create table marts.satisfaction_gap as
select
    'attribute-' || range as attribute_code, range as n_responses, range / 7.0 as gap_score,
    range / 3.0 as top_box_pct, -range / 7.0 as estimate, 0.1::double as se, 1::double as ci_low,
    2::double as ci_high, 3::double as estimate_shrunk, 4::double as z_vs_prior, range / 2.0 as n_effective,
    range as promoters, range > 9 as is_significant,
    range >= 5 as is_reportable, $as_of::date as as_of_date, $run_id as run_id, 'abc' as config_hash
from range($rows) order by range desc;
comment on table marts.satisfaction_gap is 'One row per attribute.';
comment on column marts.satisfaction_gap.gap_score is 'Delivered − expected, points of 100.';
create table marts.mart_column as
select
    table_name as model, column_name,
    case when column_name in ('customer_key', 'attribute_code') then 1 end::integer as key_position,
    false as is_pii, $as_of::date as as_of_date, $run_id as run_id, 'abc' as config_hash
from duckdb_columns() where schema_name = 'marts';
create table marts.mart_check as
select *, $as_of::date as as_of_date, $run_id as run_id, 'abc' as config_hash
from (values
    ('satisfaction_gap', 'gaps_have_a_key', 'is_key', null, '{"columns": ["attribute_code"]}', 'error'),
    ('satisfaction_gap', 'gaps_are_small', 'accepted_range', 'gap_score', '{"max": 100}', 'warn')
) as listed (model, check_name, check_kind, column_name, arguments, severity);
"""

BuildCandidate = Callable[..., None]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, threads=1, memory_limit="500MB", lock_wait_seconds=1)


@pytest.fixture
def build_candidate(settings: Settings) -> BuildCandidate:
    """Return a function that builds the candidate of a night; `rows` makes one content from another."""

    def build(night: Night, *, rows: int = 20, extra: str = "", settings: Settings = settings) -> None:
        with warehouse.lease(settings):
            prepare_candidate(settings)
        values = {"$as_of": f"'{night.as_of_date}'", "$run_id": f"'{night.run_id}'", "$rows": str(rows)}
        sql = MARTS
        for name, value in values.items():
            sql = sql.replace(name, value)
        with duckdb.connect(str(settings.candidate_file)) as connection:
            connection.execute(sql + extra)
        pass_gate(settings, night)

    return build


def pass_gate(settings: Settings, night: Night) -> None:
    """Write down that the mart gate let the candidate through as it stands."""
    check = CheckResult("a.yml", "marts.a", "a", "a", (), Severity.CRITICAL, success=True, notes="a")
    audited = file_sha256(settings.candidate_file)
    results.write(
        GateResult("marts", night.run_id, night.as_of_date, (check,), audited), settings.reports_dir
    )
