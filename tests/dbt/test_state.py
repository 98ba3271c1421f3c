"""Where a company stands, what it wants, and what it said before: two nights of a company of two accounts."""

import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
from model_run import build_models
from raw_fixture import fill_small_company, insert

from valuegap import warehouse
from valuegap.night import Night
from valuegap.publish import metric_history
from valuegap.publish.promote import LINK_NAME
from valuegap.settings import Settings

BEFORE, AFTER = date(2026, 3, 15), date(2026, 3, 16)
MARTS = ("+metric_history", "+cx_gap", "+reconciliation")
FILE = {"mapping": "plan", "file_name": "targets.csv", "sheet": ""}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two nights, the first of them published; on the second an answer of January comes in."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("company"))
    with warehouse.writer(settings) as raw:
        fill_small_company(raw)
        insert(
            raw,
            "files",
            "targets",
            [
                FILE | {"metric_code": "nps", "target_value": 30, "valid_from": "2026-01-01"},
                FILE | {"metric_code": "npss", "target_value": 30, "owner": "eve", "due_date": "2026-12-31"},
            ],
        )
    build_models(settings, BEFORE, MARTS)
    _publish(settings)
    with warehouse.writer(settings) as raw:
        _answer_of_january(raw)
        metric_history.carry_over(raw, settings, Night(AFTER))
    build_models(settings, AFTER, MARTS)
    return settings


def _publish(settings: Settings) -> None:
    settings.published_dir.mkdir()
    file = settings.published_dir / f"warehouse-{BEFORE}-0123456789ab.duckdb"
    shutil.copyfile(settings.candidate_file, file)
    (settings.published_dir / LINK_NAME).symlink_to(file.name)


def _answer_of_january(raw: duckdb.DuckDBPyConnection) -> None:
    response = {"survey_id": "SV_relationship01", "id": "R_5", "recipient_email": "bo@bolt.example"}
    insert(
        raw,
        "qualtrics",
        "responses",
        [response | {"recorded_at": "2026-01-20", "answers": json.dumps({"QID5": "2"})}],
        night=AFTER,
    )


def rows(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.candidate_file), read_only=True) as marts:
        return marts.execute(query).fetchall()


def test_an_answer_that_comes_late_restates_a_settled_month_and_says_so(company) -> None:
    assert rows(
        company,
        "select recorded_as_of, metric_value, n_customers, is_latest, is_restated, prior_value, restated_delta, reason "
        "from marts.metric_history where metric_code = 'nps' and segment_key = 'all:all' "
        "and period_grain = 'month' order by recorded_as_of",
    ) == [
        (BEFORE, 100.0, 1, False, False, None, None, None),
        (AFTER, 0.0, 2, True, True, 100.0, -100.0, "late_data"),
    ]


def test_a_figure_that_stays_is_recorded_once(company) -> None:
    assert rows(
        company,
        "select distinct recorded_as_of from marts.metric_history "
        "where metric_code = 'sales_amount' and period_grain = 'month'",
    ) == [(BEFORE,)]


def test_a_target_without_owner_or_date_is_a_gap_with_flags(company) -> None:
    assert rows(
        company,
        "select gap_id, current_value, gap_to_close, status, is_without_owner, is_without_due_date, is_reportable "
        "from marts.cx_gap where gap_type = 'target'",
    ) == [("target|nps|all|all:all", 0.0, 30.0, "insufficient_data", True, True, False)]


def test_a_target_on_a_metric_nobody_knows_is_kept_with_the_reason(company) -> None:
    assert rows(company, "select metric_code, unusable_reason from marts.dim_target order by 1") == [
        ("nps", None),
        ("npss", "unknown_metric"),
    ]


def test_every_key_figure_is_listed_with_or_without_data(company) -> None:
    listed = dict(
        rows(
            company,
            "select metric_code, is_available from marts.kpi_current_state "
            "where segment_key = 'all:all' and period_grain = 'trailing_12m'",
        )
    )
    asked = [
        "sales_amount", "transactions", "active_customers", "on_time_delivery_rate", "csat",
        "csat_ticket", "ces", "acsi", "satisfaction_gap", "net_value", "nps", "repurchase_rate",
        "referral_rate", "retention_rate", "logo_churn", "grr", "nrr", "win_rate", "survey_response_rate",
        "first_reply_minutes", "first_reply_business_minutes", "resolution_hours",
        "resolution_business_hours", "sla_met_rate", "first_contact_resolution_rate", "reopen_rate",
        "handoff_rate",
    ]  # fmt: skip
    assert sorted(listed) == sorted(asked)
    assert listed["nps"]
    assert listed["sales_amount"]
    assert not listed["csat"]


def test_records_that_do_not_arrive_are_told_from_those_kept_out(company, tmp_path: Path) -> None:
    assert rows(company, "select * from marts.reconciliation where status = 'unexplained'") == []
    robbed = Settings(data_dir=Path(shutil.copytree(company.data_dir, tmp_path / "data", symlinks=True)))
    with warehouse.writer(robbed) as raw:
        raw.execute("delete from raw_hubspot.contacts where id = '3'")
        raw.execute(
            "update ops.loads set landed_rows = landed_rows + 1, quarantined_rows = 1 "
            "where source = 'zendesk' and stream = 'tickets'"
        )
        metric_history.carry_over(raw, robbed, Night(AFTER))
    build_models(robbed, AFTER, ("int_reconciled_records", "reconciliation"))
    assert rows(
        robbed,
        "select source, object, measure, difference::int, status, explanation_code from marts.reconciliation "
        "where status <> 'equal' and object in ('contacts', 'tickets') order by all",
    ) == [
        ("hubspot", "contacts", "live_records", -1, "explained", "within_tolerance"),
        ("hubspot", "contacts", "rows", -1, "unexplained", None),
        ("zendesk", "tickets", "rows", -1, "explained", "quarantined"),
    ]
