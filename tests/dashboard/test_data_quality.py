"""The page Data quality: says when something is wrong, and shows no figure of too few customers."""

from datetime import date

import pandas as pd
import pytest
import streamlit as st
from tests.dashboard.conftest import CANARY, CANARY_TEXT, shown_text

from valuegap.dashboard.data_quality import response_rates, surveys_table
from valuegap.quality import results
from valuegap.quality.results import CheckResult, GateResult
from valuegap.quality.suites import Severity

EXPANDER = st.expander
"""As a reader gets it: `open_page` unfolds everything."""

QUALITY = f"""
alter table marts.publication add column table_count integer default 84;
alter table marts.publication add column row_count bigint default 4711;
alter table marts.publication add column code_version varchar default '0.1.0';
alter table marts.publication add column config_hash varchar default 'abc';
alter table marts.publication add column input_hash varchar default 'def';
alter table marts.freshness add column rows_loaded bigint default 12;
alter table marts.freshness add column rows_quarantined bigint default 0;
alter table marts.freshness add column note varchar;
alter table marts.dim_metric add column unit varchar default 'percent';
create table marts.schema_drift (
    source varchar, stream varchar, field_path varchar, kind varchar, renamed_to varchar,
    previous_json_type varchar, json_type varchar, is_declared boolean, noticed_as_of date, n_records bigint
);
create table marts.unmapped_question (
    survey_name varchar, question_tag varchar, question_text varchar, n_answers bigint, last_answered_at timestamp
);
create table marts.dim_survey as select 'SV_1' as survey_key, 'After the order' as survey_name, true as is_current;
create table marts.survey_quality as
select
    'SV_1' as survey_key, segment_key, month as cohort_month, true as is_settled, 90::bigint as n_delivered,
    40::bigint as n_completed, figure as response_rate, figure as response_rate_low, figure as response_rate_high,
    figure as coverage_of_customers, 40::bigint as n_responses, 39::bigint as n_kept,
    case when few then 3 else 30 end::bigint as n_customers, figure as duplicate_rate, figure as straightline_rate,
    figure as speeder_rate, not few as is_reportable, case when few then 'suppressed' else 'reliable' end as reliability
from (
    select *, case when few then {CANARY} else 0.435 end::double as figure
    from (values ('all:all', date '2025-11-01', false), ('all:all', date '2025-12-01', true)) as m (segment_key, month, few)
);
create table marts.reconciliation as
select 'hubspot' as source, 'deals' as object, 'rows' as measure, 'all' as scope, 10::decimal(28, 2) as source_value,
    10::decimal(28, 2) as warehouse_value, 0::decimal(28, 2) as difference, 0::decimal(28, 2) as unexplained_difference,
    'equal' as status, null::varchar as explanation_code;
create table marts.metric_history as
select 'csat' as metric_code, 'all:all' as segment_key, 'month' as period_grain, date '2025-12-01' as period_start,
    date '2026-01-31' as recorded_as_of, 64.5::double as metric_value, 261::bigint as n_customers,
    false as is_restated, 60.0::double as prior_value, 4.5::double as restated_delta, 'late_data' as reason;
"""


def warnings(app):
    return [element.value for element in app.warning]


def test_a_good_night_has_nothing_to_warn_of(publish, open_page):
    publish(QUALITY)
    app = open_page("data-quality")
    assert not app.exception
    assert warnings(app) == []
    assert "All 1 streams are loaded up to the night of 2026-01-31." in shown_text(app)
    assert "1 counts and sums compared: 1 equal, 0 explained, 0 unexplained." in shown_text(app)


@pytest.mark.parametrize(
    ("defect", "warning"),
    [
        pytest.param(
            "update marts.freshness set is_stale = true, nights_behind = 2 where stream = 'deals'",
            "1 of 1 streams were not loaded for 2026-01-31.",
            id="stale",
        ),
        pytest.param(
            "update marts.freshness set rows_quarantined = 7 where stream = 'deals'",
            "7 records are set aside for a person to look at",
            id="quarantine",
        ),
        pytest.param(
            "insert into marts.schema_drift values ('hubspot', 'deals', '$.amount', 'missing', null, 'number', null,"
            " true, date '2026-01-31', 20)",
            "1 fields came, went or changed their type.",
            id="drift",
        ),
        pytest.param(
            "insert into marts.unmapped_question values ('After the order', 'Q9', 'Why?', 12, null)",
            "1 questions wait for a line in question\\_map",
            id="unmapped",
        ),
        pytest.param(
            "update marts.reconciliation set status = 'unexplained', warehouse_value = 9",
            "0 equal, 0 explained, 1 unexplained",
            id="reconciliation",
        ),
        pytest.param(
            "update marts.metric_history set is_restated = true",
            "1 settled figures were changed by a later night.",
            id="restated",
        ),
    ],
)
def test_what_is_wrong_is_said(defect, warning, publish, open_page):
    publish(f"{QUALITY}; {defect};")
    app = open_page("data-quality")
    assert not app.exception
    (said,) = warnings(app)
    assert warning in said


@pytest.mark.parametrize(
    ("defect", "column"),
    [
        ("update marts.freshness set is_stale = true, nights_behind = 2 where stream = 'deals'", "Stream"),
        ("update marts.freshness set rows_quarantined = 7 where stream = 'deals'", "Stream"),
        ("update marts.reconciliation set status = 'unexplained', warehouse_value = 9", "Warehouse has"),
    ],
    ids=["stale", "quarantine", "reconciliation"],
)
def test_a_table_is_folded_while_it_has_nothing_to_say(defect, column, publish, open_page, monkeypatch):
    monkeypatch.setattr(st, "expander", EXPANDER)
    publish(QUALITY)
    assert not open_page("data-quality").dataframe
    publish(f"{QUALITY}; {defect};", digest="b" * 12)
    (shown,) = open_page("data-quality").dataframe
    assert column in shown.value.columns


def test_what_the_gates_said_is_listed(publish, open_page):
    settings = publish(QUALITY)
    app = open_page("data-quality")
    assert "Its report is not kept here." in shown_text(app)
    checks = tuple(
        CheckResult(
            "a.yml", "marts.a", "a", f"title {good}", (), Severity.WARNING, success=good, notes="because"
        )
        for good in (True, False)
    )
    results.write(GateResult("marts", "night-2026-01-31", date(2026, 1, 31), checks), settings.reports_dir)
    app = open_page("data-quality")
    assert warnings(app) == ["2 checks, 0 critical failures, 1 warnings"]
    assert "title False" in shown_text(app)
    assert "title True" not in shown_text(app)


def test_no_figure_of_too_few_customers_is_shown(publish, open_page):
    publish(QUALITY)
    text = shown_text(open_page("data-quality"))
    assert "43.5" in text
    assert "too few customers" in text
    assert not any(canary in text for canary in CANARY_TEXT)


def test_a_restated_figure_of_too_few_customers_is_not_shown(publish, open_page):
    restated = (
        "update marts.metric_history set is_restated = true, n_customers = 3, segment_key = 'country:DE'"
    )
    publish(
        f"{QUALITY}; {restated}, metric_value = {CANARY}, prior_value = {CANARY}, restated_delta = {CANARY};"
    )
    text = shown_text(open_page("data-quality", segment="country:DE"))
    assert "Late data" in text
    assert not any(canary in text for canary in CANARY_TEXT)


def test_the_surveys_obey_period_and_segment(publish, open_page):
    publish(QUALITY)
    app = open_page("data-quality", grain="month", start="2026-01-01")
    assert not [box for box in app.selectbox if box.label == "Survey"]
    app = open_page("data-quality", segment="country:AT")
    assert "choose one of these" in shown_text(app)


def test_a_month_of_too_few_customers_is_no_point_of_the_figure_and_marked_in_the_table():
    months = pd.DataFrame({
        "survey_name": "a", "cohort_month": pd.to_datetime(["2025-11-01", "2025-12-01"]), "is_settled": [True, False],
        "n_delivered": 9, "n_completed": 4, "response_rate": [0.5, None], "response_rate_low": [0.4, None],
        "response_rate_high": [0.6, None], "coverage_of_customers": [0.5, None], "n_responses": 4, "n_kept": 4,
        "n_customers": [9, 3], "duplicate_rate": [0.0, None], "straightline_rate": [0.0, None],
        "speeder_rate": [0.0, None], "is_reportable": [True, False], "reliability": ["directional", "suppressed"],
    })  # fmt: skip
    assert response_rates(months)["estimate"].tolist() == [50.0]
    table = surveys_table(months)
    assert table["Note"].tolist()[1] == "too few customers"
    assert table["Settled"].tolist() == ["settled", "still grows"]
