"""The gates on tables in which one thing is broken at a time."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from valuegap import warehouse
from valuegap.errors import BuildError, ConfigurationError, GateFailedError, LoadError, WarehouseLockedError
from valuegap.night import Night
from valuegap.quality import results
from valuegap.quality.gate import run_gate
from valuegap.quality.report import write_report

NIGHT = Night(date(2026, 1, 31))
NEXT_NIGHT = Night(date(2026, 2, 1))

EMAIL_IS_GONE = """
    insert into ops.field_census values
        ('hubspot', 'contacts', 'a', '2026-01-30', '$', '', 'object', 30),
        ('hubspot', 'contacts', 'a', '2026-01-30', '$.properties', '$', 'object', 30),
        ('hubspot', 'contacts', 'a', '2026-01-30', '$.properties.email', '$.properties', 'string', 30),
        ('hubspot', 'contacts', 'b', '2026-01-31', '$', '', 'object', 30),
        ('hubspot', 'contacts', 'b', '2026-01-31', '$.properties', '$', 'object', 30)"""

RAW_DEFECTS = [
    (EMAIL_IS_GONE, "ops.field_census", "every declared field comes as it did", "critical"),
    (
        f"{EMAIL_IS_GONE}; insert into ops.field_census values ('hubspot', 'contacts', 'b', '2026-01-31', "
        "'$.properties.email', '$.properties', 'null', 30)",
        "ops.field_census",
        "no declared field became empty",
        "warning",
    ),
    (
        "insert into ops.field_census values ('x', 'y', 'a', '2026-01-31', '$', '', 'object', 1); "
        "insert into ops.misfits values ('x', 'y', 'a', '2026-01-31', 1, 1, 'custom_z', 'no')",
        "ops.field_census",
        "every custom value fits its type",
        "warning",
    ),
    (
        "update ops.loads set note = 'a file could not be read' where stream = 'tickets'",
        "ops.loads",
        "every stream could be read whole",
        "warning",
    ),
    (
        "insert into raw_files.tickets by name select '1' as ticket_id, timestamp '2026-01-02' as created_at, "
        "timestamp '2026-01-01' as resolved_at, 'm' as mapping, date '2026-01-31' as _as_of_date",
        "raw_files.tickets",
        "no ticket is answered or solved before it was asked",
        "warning",
    ),
    (
        "insert into raw_files.survey_answers by name select 's' as survey_id, '1' as response_id, '{}' as answers, "
        "timestamp '1970-01-01' as answered_at, date '2026-01-31' as _as_of_date",
        "raw_files.survey_answers",
        "answered_at is",
        "critical",
    ),
    (
        "insert into raw_files.targets by name select 'nps' as metric_code, date '2026-01-31' as _as_of_date",
        "raw_files.targets",
        "target_value is filled",
        "critical",
    ),
    (
        "insert into raw_files.initiatives by name select '1' as initiative_id, date '2026-01-31' as _as_of_date",
        "raw_files.initiatives",
        "name is filled",
        "critical",
    ),
    ("update raw_hubspot.contacts set id = null", "raw_hubspot.contacts", "id is filled", "critical"),
    ("update raw_hubspot.contacts set email = null", "raw_hubspot.contacts", "email is filled", "warning"),
    (
        "update raw_hubspot.contacts set email = 'jane'",
        "raw_hubspot.contacts",
        "email is an address",
        "warning",
    ),
    (
        "update raw_hubspot.contacts set updated_at = '2027-01-01'",
        "raw_hubspot.contacts",
        "updated_at is at most",
        "warning",
    ),
    (
        "update raw_hubspot.contacts set created_at = '1970-01-01'",
        "raw_hubspot.contacts",
        "created_at is",
        "warning",
    ),
    (
        "update raw_hubspot.companies set market_segment = 'vip'",
        "raw_hubspot.companies",
        "market_segment is",
        "warning",
    ),
    ("update raw_hubspot.companies set country = 'Germany'", "raw_hubspot.companies", "country", "warning"),
    ("update raw_hubspot.products set price = -1", "raw_hubspot.products", "price is at least 0", "warning"),
    (
        "update raw_hubspot.deals set closedate = null",
        "raw_hubspot.deals",
        "won deals have a close date",
        "critical",
    ),
    (
        "insert into raw_hubspot.deals by name select '2' as id, true as hs_is_closed_won, "
        "'GBP' as deal_currency_code, closedate, _as_of_date, _run_id from raw_hubspot.deals",
        "raw_hubspot.deals",
        "won deals share one currency",
        "warning",
    ),
    (
        "update raw_hubspot.line_items set quantity = null",
        "raw_hubspot.line_items",
        "quantity is filled in at least 99% of rows",
        "critical",
    ),
    (
        "update raw_hubspot.line_items set hs_total_discount = 21",
        "raw_hubspot.line_items",
        "no discount exceeds the list amount",
        "warning",
    ),
    (
        """update raw_hubspot.contact_companies set to_records = '{"toObjectId": 1}'""",
        "raw_hubspot.contact_companies",
        "to_records is a JSON list",
        "critical",
    ),
    (
        "update raw_hubspot.contact_companies set to_records = '[]'",
        "raw_hubspot.contact_companies",
        "at least half have a company",
        "warning",
    ),
    ("update raw_zendesk.tickets set status = 'lost'", "raw_zendesk.tickets", "status is new", "critical"),
    (
        "update raw_zendesk.tickets set generated_at = '2026-02-02 00:00:01'",
        "raw_zendesk.tickets",
        "generated_at is",
        "critical",
    ),
    (
        "update raw_zendesk.ticket_events set occurred_at = '2026-02-03'",
        "raw_zendesk.ticket_events",
        "occurred_at is",
        "critical",
    ),
    (
        "update raw_qualtrics.responses set recorded_at = '2026-02-03'",
        "raw_qualtrics.responses",
        "recorded_at is",
        "critical",
    ),
    (
        "delete from raw_qualtrics.survey_definitions",
        "raw_qualtrics.responses",
        "every response has its survey's definition",
        "critical",
    ),
    ("update raw_qualtrics.surveys set id = 'PO_1'", "raw_qualtrics.surveys", "id matches ^SV_", "warning"),
    (
        "insert into raw_qualtrics.response_ids by name select survey_id, 'R_2' as id, "
        "recorded_at as last_modified_at, _as_of_date, _run_id from raw_qualtrics.responses",
        "raw_qualtrics.response_ids",
        "every response of the last list has landed",
        "warning",
    ),
    ("delete from raw_hubspot.contacts", "ops.loads", "raw tables hold what the loads say", "critical"),
    ("update ops.loads set loaded_rows = 0", "ops.loads", "nothing is lost between", "critical"),
    (
        "update ops.loads set landed_rows = 10, loaded_rows = 9, quarantined_rows = 1",
        "ops.loads",
        "at most 5 % of a stream is in quarantine",
        "critical",
    ),
    (
        "update ops.loads set landed_rows = 100, loaded_rows = 99, quarantined_rows = 1",
        "ops.loads",
        "nothing is in quarantine",
        "warning",
    ),
    (
        "update ops.loads set landed_rows = 0, loaded_rows = 0 where stream = 'tickets'",
        "ops.loads",
        "main streams have brought records",
        "critical",
    ),
    (
        "update ops.loads set landed_rows = 0, loaded_rows = 0 where stream = 'products'",
        "ops.loads",
        "every stream has brought records",
        "warning",
    ),
    (
        "update ops.loads set as_of_date = '2026-01-30' where source = 'zendesk'",
        "ops.loads",
        "every source was read tonight",
        "warning",
    ),
    (
        "insert into raw_hubspot.contacts select contacts.* from raw_hubspot.contacts, range(30)",
        "ops.loads",
        "at most 1 % of records came twice in one load",
        "warning",
    ),
]


def titles(failed):
    return {(check.table, check.title) for check in failed}


def test_a_healthy_night_passes(bench):
    bench.healthy_raw()

    result = run_gate(bench.settings, NIGHT, "raw")

    assert not [check for check in result.checks if not check.success]
    assert len(result.checks) > 100
    assert result.summary.startswith(
        f"raw gate: {len(result.checks)} checks, 0 critical failures, 0 warnings"
    )
    assert results.read(bench.settings.reports_dir, NIGHT.run_id, "raw") == result


@pytest.mark.parametrize(("defect", "table", "title", "severity"), RAW_DEFECTS)
def test_each_raw_defect_is_found(bench, defect, table, title, severity):
    bench.healthy_raw()
    bench.raw(defect)

    failed = [
        check
        for check in bench.check("raw", only=table)
        if check.table == table and check.title.startswith(title)
    ]

    assert [check.severity for check in failed] == [severity]
    assert [check.error for check in failed] == [None]


def test_empty_tables_of_sources_never_read_do_not_stop_the_night(bench):
    with warehouse.writer(bench.settings):
        pass

    assert run_gate(bench.settings, NIGHT, "raw").critical_failures == ()


def test_a_critical_failure_stops_the_night_and_says_what_to_do(bench):
    bench.healthy_raw()
    bench.raw("update raw_zendesk.ticket_events set occurred_at = '2030-01-01', id = '77'")

    with pytest.raises(GateFailedError) as error:
        run_gate(bench.settings, NIGHT, "raw")

    message = str(error.value)
    assert "\n" not in message
    assert "The raw gate stopped night-2026-01-31: raw_zendesk.ticket_events, occurred_at is at" in message
    assert "1 failing rows (id=77, _run_id=night-2026-01-31, _page=1, _line=1" in message
    assert "Nothing was published: data/published still holds the last good night." in message
    assert "expectations/raw/raw_zendesk.ticket_events.yml" in message
    assert "re-run" in message
    stored = results.read(bench.settings.reports_dir, NIGHT.run_id, "raw")
    assert stored is not None
    assert [check.failed_rows for check in stored.critical_failures] == [1]


def test_a_lost_field_is_named_with_source_stream_and_remedy(bench):
    bench.healthy_raw()
    bench.raw(EMAIL_IS_GONE)

    with pytest.raises(GateFailedError) as error:
        run_gate(bench.settings, NIGHT, "raw")

    assert (
        "(source=hubspot, stream=contacts, field=$.properties.email, what=missing, "
        "remedy=ask for it at the vendor, or take it out of the declaration)"
    ) in str(error.value)
    before = bench.check("raw", night=Night(date(2026, 1, 30)), only="ops.field_census")
    assert [check for check in before if check.table == "ops.field_census"] == []


def test_a_stream_that_is_not_on_the_plan_is_no_failure(bench):
    bench.healthy_raw()
    bench.raw(
        "insert into ops.loads values ('zendesk', 'csat', 'night-2026-01-31', '2026-01-31', 0, 0, 0, null, 'abc', "
        "'not on this plan')"
    )
    assert (
        titles(bench.check("raw", only="ops.loads"))
        & {
            ("ops.loads", "every stream has brought records"),
            ("ops.loads", "every stream could be read whole"),
        }
        == set()
    )


def test_a_corrected_record_passes_the_night_after_and_an_uncorrected_one_does_not(bench):
    bench.healthy_raw()
    bench.raw("update raw_zendesk.tickets set status = 'lost'")
    assert titles(bench.check("raw", night=NEXT_NIGHT, only="raw_zendesk.tickets")) >= titles(
        bench.check("raw", only="raw_zendesk.tickets")
    )

    bench.raw(
        "insert into raw_zendesk.tickets by name select * replace ('open' as status, "
        "date '2026-02-01' as _as_of_date, timestamp '2026-02-01' as generated_at) from raw_zendesk.tickets"
    )

    status = "status is new or open or pending or hold or solved or closed or deleted"
    assert ("raw_zendesk.tickets", status) not in titles(
        bench.check("raw", night=NEXT_NIGHT, only="raw_zendesk.tickets")
    )
    assert ("raw_zendesk.tickets", status) in titles(bench.check("raw", only="raw_zendesk.tickets"))


def test_at_most_ten_failing_rows_are_shown(bench):
    bench.healthy_raw()
    bench.raw(
        "insert into raw_zendesk.tickets by name select i::varchar as id, 'lost' as status, generated_at, "
        "created_at, _as_of_date, _run_id, _page, _line from raw_zendesk.tickets, range(2, 5000) t(i)"
    )
    bench.raw(
        "insert into raw_hubspot.deals by name select i::varchar as id, true as hs_is_closed_won, "
        "_as_of_date, _run_id, _page, _line from raw_hubspot.deals, range(2, 5000) t(i)"
    )

    for table, title in (
        ("raw_zendesk.tickets", "status is"),
        ("raw_hubspot.deals", "won deals have a close date"),
    ):
        failed = {check.title: check for check in bench.check("raw", only=table)}
        found = next(check for check in failed.values() if check.title.startswith(title))
        assert (found.failed_rows, len(found.sample)) == (4998, 10)


def test_an_empty_candidate_can_be_checked_by_every_suite(bench):
    bench.candidate()

    failed = bench.check("marts")

    assert [(check.table, check.title, check.error) for check in failed if check.error] == []
    assert {check.title for check in failed} <= {
        "number of rows is at least 1",
        "greatest date_day is at least 2026-01-31",
        "everybody is one group",
        "every column there is has a row",
        "the segment of all customers is there",
    }


GAP = {
    "gap_obs_id": "g",
    "attribute_code": "delivery",
    "expected_score": 80.0,
    "delivered_score": 70.0,
    "gap_score": -10.0,
    "shortfall_score": 10.0,
    "gap_direction": "shortfall",
    "pairing_method": "same_response",
}
BLOCK = {
    "segment_key": "all:all", "segment_type": "all", "segment_value": "all", "period_grain": "trailing_12m",
    "period_start": "2025-02-01", "period_end": "2026-01-31", "period_is_complete": True, "n_responses": 10,
    "n_customers": 8, "estimate": -10.0, "ci_low": -12.0, "ci_high": -8.0, "is_reportable": True,
    "reliability": "directional", "weighting": "customer_equal",
}  # fmt: skip
RECURRING = {
    f"recurring_{movement}": 0
    for movement in ("start", "new", "expansion", "contraction", "churn", "reactivation", "end")
}

MART_DEFECTS = [
    ("fct_value_gap", GAP, {"gap_score": -9.0}, "gap = delivered - expected"),
    ("fct_value_gap", GAP, {"gap_score": float("nan")}, "gap_score is at least -100"),
    ("fct_value_gap", GAP, {"shortfall_score": 9.0}, "shortfall = max(0, -gap)"),
    ("fct_value_gap", GAP, {"delivered_score": 101.0}, "delivered_score is at least 0 and at most 100"),
    ("fct_value_gap", GAP, {"gap_direction": "flat"}, "gap_direction is"),
    ("fct_value_gap", GAP, {"pairing_method": "none"}, "paired rows have an expectation"),
    ("fct_value_gap", GAP, {"expectation_age_days": -1}, "expectation_age_days is"),
    ("fct_value_gap", GAP, {"score_direction": "lower_better"}, "gap = delivered - expected"),
    ("fct_value_gap", GAP, {"expected_score": None, "promised_score": 75.0}, "gap = delivered - expected"),
    ("fct_value_gap", GAP, {"unpaired_reason": "unlucky"}, "unpaired_reason is"),
    ("fct_value_gap", GAP, {"gap_type": "mood"}, "gap_type is"),
    ("fct_value_gap", GAP, {"zot_state": "beside"}, "zot_state is"),
    (
        "fct_value_gap",
        GAP,
        {"is_zone_inverted": True, "desired_score": 50.0, "adequate_score": 60.0},
        "few people wish for less",
    ),
    (
        "satisfaction_gap",
        BLOCK,
        {"share_below_zone": 0.5, "share_within_zone": 0.3, "share_above_zone": 0.1},
        "shares of the zone",
    ),
    (
        "value_gap",
        BLOCK,
        {
            "score_direction": "lower_better",
            "expected_score": 30.0,
            "delivered_score": 40.0,
            "gap_score": 10.0,
        },
        "one sign for benefits and costs",
    ),
    ("value_gap", BLOCK, {"design": "guessed"}, "design is"),
    (
        "promise_alignment",
        BLOCK,
        {"promised_score": 90.0, "delivered_score": 70.0, "promise_gap": 20.0},
        "promise gap = delivered - promised",
    ),
    (
        "dim_value_proposition",
        {},
        {"published_from": "2026-02-01", "published_to": "2026-01-01"},
        "no promise ends before",
    ),
    ("service_quality_gaps", {}, {"is_available": False, "gap_score": 5.0}, "what is not available"),
    ("service_quality_gaps", {}, {"gap_number": 6}, "gap_number is"),
    ("servqual_score", BLOCK, {"weight_method": "guessed"}, "weight_method is"),
    ("item_statistics", {}, {"cronbach_alpha": 1.1}, "alpha is at most 1"),
    ("fct_value_gap", GAP, {"as_of_date": "2026-01-30"}, "as_of_date is 2026-01-31"),
    ("fct_value_gap", GAP, {"run_id": None}, "run_id is filled"),
    ("satisfaction_gap", BLOCK, {"ci_low": -9.0}, "the interval holds the estimate"),
    ("satisfaction_gap", BLOCK, {"se": float("inf")}, "numbers are finite"),
    ("satisfaction_gap", BLOCK, {"n_customers": 11}, "n_responses is not below n_customers"),
    ("satisfaction_gap", BLOCK, {"reliability": "suppressed"}, "nothing suppressed is reportable"),
    ("satisfaction_gap", BLOCK, {"reliability": "great"}, "reliability is"),
    ("satisfaction_gap", BLOCK, {"period_end": "2026-02-01"}, "complete periods are over"),
    ("satisfaction_gap", BLOCK, {"segment_type": "country"}, "the segment of all customers is there"),
    ("loyalty", BLOCK, {"promoters": 1, "passives": 1, "detractors": 1}, "promoters + passives + detractors"),
    ("customer_value", {}, {"benefit_score": 75.0, "cost_score": 35.0, "net_value_score": 41.0}, "net value"),
    ("customer_value", {}, {"benefit_score": 75.0, "cost_score": 35.0, "value_ratio": 2.0}, "ratio ="),
    (
        "customer_value_segment",
        BLOCK | {"measure_code": "value_ratio"},
        {"estimate": 2.1, "ci_low": 2.0, "ci_high": 3.0, "benefit_total": 260.0, "cost_total": 110.0},
        "the ratio is one of sums",
    ),
    ("customer_value_segment", BLOCK, {"measure_code": "trust"}, "estimates are in the range"),
    (
        "product_value",
        BLOCK | {"reference_price": 100, "positive_differentiation": 30, "negative_differentiation": 10},
        {"evc_amount": 140},
        "economic value =",
    ),
    ("product_value", BLOCK, {"evc_amount": 120, "price": 105, "customer_surplus": 10}, "surplus and margin"),
    (
        "product_value",
        BLOCK,
        {"unit_cost": 60, "price": 130, "evc_amount": 120, "is_win_win": True},
        "both gain between",
    ),
    ("product_value", BLOCK, {"price_position": None}, "what is missing says why"),
    (
        "value_map",
        BLOCK,
        {"mpq_ratio": 1.02, "relative_price": 1.05, "relative_value_ratio": 1.0},
        "quality / price",
    ),
    ("value_map", BLOCK, {"relative_value_ratio": 1.0}, "the estimate is the relative value"),
    (
        "value_map",
        BLOCK,
        {"ci_low": 0.9, "estimate": 1.0, "ci_high": 1.1, "fair_value_position": "above"},
        "that of the interval",
    ),
    ("relationship_value", {}, {"customer_key": "nobody"}, "customers exist"),
    ("dim_customer", {}, {"status": "gone"}, "status is"),
    ("dim_customer", {}, {"customer_name_hash": "Jane <jane@example.com>"}, "no clear e-mail"),
    ("dim_attribute", {}, {"benefit_kind": "social", "cost_kind": "time"}, "nothing is benefit and cost"),
    (
        "satisfaction_gap",
        BLOCK,
        {"share_shortfall": 0.5, "share_met": 0.3, "share_exceeded": 0.1},
        "three shares",
    ),
    ("dim_scale", {}, {"scale_min": 7.0, "scale_max": 1.0}, "scale_max is above scale_min"),
    ("dim_metric", {}, {"direction": "up"}, "direction is"),
    ("dim_metric", {}, {"minimum": 100.0, "maximum": 0.0}, "bounds are ordered"),
    ("fct_order_line", {}, {"list_amount": 10, "discount_amount": 1, "net_amount": 10}, "net = list"),
    ("fct_order_line", {}, {"is_clean_sale": True, "quantity": -1, "unit_price": 1}, "clean sales are"),
    ("fct_order_line", {}, {"has_rate": False, "currency": "USD", "is_deleted": False}, "every currency has"),
    ("fct_order_line", {}, {"has_rate": False, "fx_rate": None, "net_amount": 10}, "no rate, no amount"),
    ("fct_deal", {}, {"is_order": True, "is_won": False}, "states of a deal"),
    ("fct_deal", {}, {"cycle_days": -1.0}, "no cycle is negative"),
    ("fct_deal", {}, {"is_amount_off": True, "is_deleted": False}, "lines add up"),
    ("fct_subscription", {}, {"billing_months": 0}, "terms end after"),
    ("fct_subscription", {}, {"is_period_unreadable": True, "is_deleted": False}, "billing periods can"),
    ("fct_customer_month", RECURRING, {"recurring_churn": 1}, "recurring movement"),
    ("fct_customer_month", RECURRING, {"returned_amount": 1}, "sales are positive"),
    ("fct_customer_cost", {}, {"cost_kind": "effort", "amount": 1}, "an amount or a score"),
    ("fct_customer_cost", {}, {"cost_kind": "effort", "score_pomp": 101.0}, "costs are in range"),
    ("fct_survey_answer", {}, {"score_pomp": 100.5}, "score_pomp is"),
    ("fct_survey_answer", {}, {"raw_value": "write to jane@example.com"}, "no clear e-mail"),
    ("fct_ticket", {}, {"first_resolution_seconds": 7200, "first_resolution_hours": 2.5}, "hours = seconds"),
    ("dim_target", {}, {"owner": None}, "owner is filled"),
    (
        "dim_target",
        {},
        {"valid_from": "2026-02-01", "valid_to": "2026-01-01"},
        "no target ends before it starts",
    ),
    ("dim_target", {}, {"attribute_code": "nope"}, "every target is about a known attribute"),
    ("dim_initiative", {}, {"due_date": None}, "due_date is filled"),
    (
        "dim_initiative",
        {},
        {"start_date": "2026-02-01", "end_date": "2026-01-01"},
        "no initiative ends before",
    ),
    ("schema_drift", {}, {"kind": "missing", "noticed_as_of": "2026-01-31"}, "no field was lost or changed"),
    ("custom_field_value", {}, {"value_text": "jane@example.com"}, "no clear e-mail"),
    ("fct_ticket", {}, {"source_system": "fax"}, "source_system is"),
    ("freshness", {}, {"nights_behind": 3}, "nights_behind is at least 0 and at most 1"),
    ("unmapped_question", {}, {"question_tag": "NEW_IDEA"}, "every question is mapped"),
    ("mart_check", {}, {"severity": "fatal"}, "severity is"),
    ("mart_column", {}, {"model": "dim_agent", "column_name": "email_hash"}, "is_pii is filled"),
]


@pytest.mark.parametrize(("table", "healthy", "defect", "title"), MART_DEFECTS)
def test_each_mart_defect_is_found(bench, table, healthy, defect, title):
    bench.candidate()
    bench.mart_row(table, healthy | defect)

    failed = [
        check
        for check in bench.check("marts", only=table)
        if check.table == f"marts.{table}" and title in check.title
    ]

    assert [check.error for check in failed] == [None]
    assert failed[0].failed_rows in {1, None}


def test_a_column_not_known_to_be_free_of_personal_data_stops_the_night(bench):
    bench.candidate()
    bench.marts(
        "insert into marts.mart_column (model, column_name, is_pii, as_of_date, run_id) select table_name, "
        f"column_name, false, date '{NIGHT.as_of_date}', 'r' from duckdb_columns() where schema_name = 'marts'"
    )
    assert [check for check in bench.check("marts", only="mart_column") if "mart_column" in check.table] == []

    bench.marts("alter table marts.dim_contact add column phone varchar")
    (failed,) = (check for check in bench.check("marts", only="mart_column") if "mart_column" in check.table)

    assert failed.is_critical_failure
    assert failed.sample == ({"model": "dim_contact", "column_name": "phone"},)


@pytest.mark.parametrize(("table", "row"), [("fct_value_gap", GAP), ("satisfaction_gap", BLOCK)])
def test_a_healthy_mart_passes(bench, table, row):
    bench.candidate()
    bench.mart_row(table, {"attribute_code": "delivery"} | row)

    assert [check for check in bench.check("marts", only=table) if check.table == f"marts.{table}"] == []


def test_a_row_of_a_grain_that_stands_twice_is_found(bench):
    bench.candidate()
    for _ in range(2):
        bench.mart_row("fct_value_gap", GAP)

    failed = [
        check for check in bench.check("marts", only="fct_value_gap") if check.table == "marts.fct_value_gap"
    ]

    assert [(check.title, check.sample) for check in failed] == [
        ("one row per response, attribute and gap type", ({"gap_obs_id": "g", "times": 2},))
    ]


def test_a_mart_without_suite_and_a_suite_without_mart_stop_the_night(bench):
    bench.candidate()
    bench.marts("create table marts.secret_mart (i int); drop table marts.loyalty")

    failed = {(check.table, check.title): check for check in bench.check("marts")}

    for key in (("marts.secret_mart", "table has a suite"), ("marts.loyalty", "table exists")):
        assert failed[key].is_critical_failure


TOY = """
table: marts.toy
key: [id]
expectations:
  - type: expect_column_values_to_not_be_null
    kwargs: {{column: {column}}}
    severity: critical
    meta: {{notes: Nothing joins to NULL.}}
  - type: unexpected_rows_expectation
    kwargs: {{unexpected_rows_query: "select {column} from {{batch}}"}}
    severity: warning
    meta: {{title: nothing there, notes: "A table for tests, empty."}}
"""


def test_a_check_that_cannot_run_has_failed(bench, with_suite):
    settings = with_suite(TOY.format(column="gone"))
    bench.settings.candidate_file.parent.mkdir(parents=True)
    bench.marts("create schema marts; create table marts.toy (id int)")

    with pytest.raises(GateFailedError, match="gone is filled, could not run: "):
        run_gate(settings, NIGHT, "marts")

    stored = results.read(settings.reports_dir, NIGHT.run_id, "marts")
    assert stored is not None
    assert [(check.success, "gone" in (check.error or "")) for check in stored.checks] == [(False, True)] * 2


def test_a_key_that_does_not_exist_fails_every_row_check(bench, with_suite):
    settings = with_suite(TOY.format(column="id").replace("key: [id]", "key: [nope]"))
    bench.settings.candidate_file.parent.mkdir(parents=True)
    bench.marts("create schema marts; create table marts.toy (id int)")

    with pytest.raises(GateFailedError, match="id is filled, could not run"):
        run_gate(settings, NIGHT, "marts")


def test_a_malformed_suite_stops_before_anything_is_reported(bench, with_suite):
    settings = with_suite(TOY.format(column="id").replace("to_not_be_null", "to_not_be_nul"))
    bench.settings.candidate_file.parent.mkdir(parents=True)
    bench.marts("create schema marts; create table marts.toy (id int)")

    with pytest.raises(ConfigurationError, match=r"toy\.yml"):
        run_gate(settings, NIGHT, "marts")

    assert results.read(settings.reports_dir, NIGHT.run_id, "marts") is None


def test_an_earlier_verdict_does_not_outlive_a_new_raw_gate(bench):
    bench.healthy_raw()
    bench.candidate()
    bench.check("marts", only="dim_scale")

    bench.check("raw", only="ops.loads")

    assert results.read(bench.settings.reports_dir, NIGHT.run_id, "marts") is None


def test_personal_data_stays_in_the_warehouse(bench):
    bench.healthy_raw()
    bench.raw(
        "update raw_hubspot.contacts set id = 'jane@example.com', email = 'jane doe', "
        "updated_at = '2030-01-01', firstname = 'Jane'"
    )
    bench.raw("update raw_zendesk.tickets set status = 'mail me: bob@example.com'")
    bench.raw(
        "insert into ops.quarantine values ('hubspot', 'contacts', 'night-2026-01-31', '2026-01-31', 1, 2, "
        "'numberofemployees: ''carol@example.com'' is not a whole number', '{}')"
    )

    with pytest.raises(GateFailedError) as error:
        run_gate(bench.settings, NIGHT, "raw")
    write_report(bench.settings, NIGHT)

    written = [file.read_text() for file in (bench.settings.reports_dir / NIGHT.run_id).iterdir()]
    assert len(written) == 2
    for text in [*written, str(error.value)]:
        assert not re.search(r"@example|jane doe|Jane|carol|bob", text)
        assert results.EMAIL_HIDDEN in text


def test_nothing_to_check_yet(settings):
    with pytest.raises(LoadError, match="valuegap load"):
        run_gate(settings, NIGHT, "raw")
    with pytest.raises(BuildError, match="valuegap build"):
        run_gate(settings, NIGHT, "marts")


def test_a_warehouse_somebody_writes_is_not_checked(bench):
    bench.healthy_raw()
    hold = (
        "import sys; from pathlib import Path; from valuegap import warehouse; from valuegap.settings import "
    )
    hold += "Settings\nwith warehouse.writer(Settings(data_dir=Path(sys.argv[1]))): print('in', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(bench.settings.data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(warehouse.__file__).parents[1])},
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "in\n"
        with pytest.raises(WarehouseLockedError):
            run_gate(bench.settings, NIGHT, "raw")
        writer.communicate("\n")


ALONE = """
import sys
from datetime import date
from pathlib import Path

network = []
def watch(event, arguments):
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}:
        network.append((event, arguments))
        raise RuntimeError("no network")
sys.addaudithook(watch)

from valuegap.night import Night
from valuegap.quality.gate import run_gate
from valuegap.quality.report import write_report
from valuegap.settings import Settings

settings, night = Settings(data_dir=Path(sys.argv[1])), Night(date(2026, 1, 31))
result = run_gate(settings, night, "raw")
write_report(settings, night)
assert not network, network
print(result.summary)
"""


def test_a_gate_is_quiet_calls_nobody_and_lets_go_of_its_file(bench):
    bench.healthy_raw()

    gate = subprocess.run(
        [sys.executable, "-c", ALONE, str(bench.settings.data_dir)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(warehouse.__file__).parents[1])},
    )

    assert gate.stderr == ""
    assert gate.stdout.count("\n") == 1
    assert gate.stdout.startswith("raw gate: ")


def test_the_next_process_can_write_right_after_a_gate(bench):
    bench.healthy_raw()
    bench.raw("update raw_zendesk.tickets set status = 'lost'")
    bench.check("raw", only="raw_zendesk.tickets")

    write = (
        f"import duckdb; duckdb.connect({str(bench.settings.build_file)!r}).execute('create table t (i int)')"
    )
    subprocess.run([sys.executable, "-c", write], check=True)

    with duckdb.connect(str(bench.settings.build_file)) as build:
        assert build.execute("select count(*) from t").fetchone() == (0,)
