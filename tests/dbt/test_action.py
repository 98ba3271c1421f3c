"""What is done about gaps, on customers written by hand: effects, risks, the plan, unhappy customers."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import count
from typing import Any

import duckdb
import numpy as np
import pytest
from model_run import PROJECT, build_models
from project_manifest import run_dbt
from raw_fixture import NIGHT, SEEN, insert, questions, to

from valuegap import warehouse
from valuegap.settings import Settings

TREATED, OTHERS, ELSEWHERE, UNKNOWN = range(1, 13), range(13, 25), range(25, 28), range(28, 30)
COUNTRIES = dict.fromkeys(TREATED, "DE") | dict.fromkeys(OTHERS, "FR") | dict.fromkeys(ELSEWHERE, "IT")
CUSTOMERS = range(1, 30)
START = date(2025, 8, 1)
BEFORE = (date(2024, 11, 1), date(2025, 2, 1), date(2025, 6, 1))  # one in each of three quarters
AFTER = date(2025, 9, 10)


def ease(customer: int, when: date) -> int:
    """How customers answer CES, 1 to 7: the treated 2 more after the start, the others 1, each a little apart."""
    base = 2 + customer % 2 + (when == BEFORE[1]) * (customer % 3 == 0)
    return base + (when >= START) * (1 + (customer in TREATED) * (1 + (customer % 4 == 0)))


def asked(customer: int, when: date) -> bool:
    """CSAT of tickets is asked of half the customers before and of the other half after."""
    return (when >= START) == (customer % 12 < 6)


INITIATIVES = [
    {"initiative_id": "moves", "metric_code": "ces", "segment_value": "DE", "start_date": f"{START}"}
    | {"actual_cost_amount": 4000, "budget_amount": 3000, "expected_effect": 50, "due_date": "2025-12-31"},
    {"initiative_id": "later", "metric_code": "ces", "segment_value": "DE", "start_date": "2025-11-01"},
    {"initiative_id": "elsewhere", "metric_code": "csat_ticket", "segment_value": "IT", "start_date": f"{START}"},
    {"initiative_id": "young", "metric_code": "nps", "segment_value": "FR", "start_date": "2026-01-10"},
    {"initiative_id": "everybody", "metric_code": "satisfaction_gap", "attribute_code": "quality"}
    | {"segment_type": "all", "segment_value": "all", "start_date": f"{START}", "status": "stopped"}
    | {"end_date": "2026-01-15"},
    {"initiative_id": "proposed", "metric_code": "nps", "segment_value": "DE", "start_date": "2026-06-01"}
    | {"status": "proposed"},
    {"initiative_id": "undated", "metric_code": "nps", "segment_value": "DE", "owner": None},
    {"initiative_id": "unknown", "metric_code": "magic", "segment_value": "DE", "start_date": f"{START}"},
    {"initiative_id": "backwards", "metric_code": "nps", "segment_value": "XX", "start_date": f"{START}"}
    | {"end_date": "2025-07-01"},
    {"initiative_id": "churn", "metric_code": "logo_churn", "segment_value": "IT", "start_date": f"{START}"},
]  # fmt: skip


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(data_dir=tmp_path_factory.mktemp("action"))
    with warehouse.writer(settings) as raw:
        _fill_accounts(raw)
        _fill_orders(raw)
        _fill_tickets(raw)
        _fill_answers(raw)
        plan = {"mapping": "initiatives", "file_name": "plan.csv", "sheet": "", "status": "running"}
        plan |= {"segment_type": "country", "owner": "mara@us.example"}
        insert(
            raw,
            "files",
            "initiatives",
            [plan | {"name": each["initiative_id"]} | each for each in INITIATIVES],
        )
    build_models(settings, NIGHT, select=["+path:models/marts/action"])
    return settings


def found(company: Settings, query: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(company.candidate_file), read_only=True) as connection:
        connection.execute(f"attach '{company.build_file}' as build (read_only)")
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def effect(company: Settings, initiative: str, metric: str) -> dict[str, Any]:
    (row,) = found(
        company,
        f"select * from marts.initiative_effect where initiative_id = '{initiative}' and metric_code = '{metric}'",
    )
    return row


def points(value: float) -> float:
    return 100 * (value - 1) / 6


def test_the_effect_is_the_change_of_the_treated_minus_that_of_the_others(company) -> None:
    changes = {
        arm: [points(ease(n, AFTER)) - np.mean([points(ease(n, when)) for when in BEFORE]) for n in arm]
        for arm in (TREATED, OTHERS)
    }
    row = effect(company, "moves", "ces")
    assert row["design"] == "panel"
    assert row["did_att"] == pytest.approx(np.mean(changes[TREATED]) - np.mean(changes[OTHERS]))
    assert row["did_se"] == pytest.approx(
        np.sqrt(sum(np.var(arm, ddof=1) / len(arm) for arm in changes.values())), rel=1e-6
    )
    assert row["before_after_delta"] == pytest.approx(np.mean(changes[TREATED]))
    assert row["effect_low"] < row["effect"] < row["effect_high"]
    assert (row["identification"], row["n_pre_quarters"], row["verdict"]) == ("did", 3, "improved")
    assert row["effect_per_cost"] == pytest.approx(row["did_att"] / 4)


def test_customers_asked_once_are_compared_as_two_groups(company) -> None:
    cells = {
        (arm, after): [points_of_five(n, after) for n in arm if asked(n, AFTER if after else BEFORE[0])]
        for arm in (TREATED, OTHERS)
        for after in (False, True)
    }
    row = effect(company, "moves", "csat_ticket")
    assert (row["design"], row["is_target_metric"]) == ("cross_section", False)
    assert [row[f"n_{arm}_{phase}"] for arm in ("treated", "control") for phase in ("pre", "post")] == [6] * 4
    assert row["did_se"] == pytest.approx(
        np.sqrt(sum(np.var(cell, ddof=1) / len(cell) for cell in cells.values())), rel=1e-6
    )


def points_of_five(customer: int, after: bool) -> float:
    return 25 * (satisfaction(customer, after) - 1)


def satisfaction(customer: int, after: bool) -> int:
    return 2 + customer % 3 + (after and customer % 2)


def test_whom_another_initiative_treats_is_no_comparison_nor_who_may_be_treated(company) -> None:
    row = effect(company, "moves", "ces")
    assert (row["n_treated_pre"], row["n_control_pre"]) == (12, 12)
    assert row["n_control_excluded"] == len(ELSEWHERE) + len(UNKNOWN)


def test_initiatives_that_overlap_are_named_and_each_is_held_against_a_time_without_the_other(
    company,
) -> None:
    moves, later = effect(company, "moves", "ces"), effect(company, "later", "ces")
    assert (moves["overlaps_with"], later["overlaps_with"]) == ("later", "moves")
    assert (moves["is_window_cut"], later["is_window_cut"]) == (True, True)
    assert moves["post_end"] == date(2025, 10, 31)
    assert (later["pre_start"], later["post_end"]) == (START, NIGHT)
    assert later["identification"] != "did", "three months before the start make no trend"
    flags = found(company, "select initiative_id from marts.dim_initiative where is_overlapping order by 1")
    assert [row["initiative_id"] for row in flags] == ["later", "moves"]


def test_what_cannot_be_judged_says_why_and_has_no_verdict(company) -> None:
    rows = found(
        company,
        "select initiative_id, unavailable_reason as reason, verdict, effect is null as is_unknown"
        " from marts.initiative_effect where is_target_metric and unavailable_reason is not null",
    )
    assert {row["initiative_id"]: (row["reason"], row["verdict"]) for row in rows} == {
        "later": ("too_few_customers", "too_early"),
        "elsewhere": ("too_few_customers", "too_early"),
        "young": ("too_few_days", "too_early"),
        "proposed": ("not_started", "too_early"),
        "undated": ("no_start_date", None),
        "unknown": ("unknown_metric", None),
        "backwards": ("ended_before_start", None),
        "churn": ("not_asked_of_customers", None),
    }
    bad = found(
        company,
        "select initiative_id, is_without_start_date as a, is_of_unknown_metric as b, has_dates_swapped as c,"
        " is_of_unknown_segment as d, is_without_owner as e from marts.dim_initiative where a or b or c or d or e",
    )
    assert {row["initiative_id"]: [flag for flag in "abcde" if row[flag]] for row in bad} == {
        "undated": ["a", "e"],
        "unknown": ["b"],
        "backwards": ["c", "d"],
    }


def test_without_a_comparison_there_is_a_change_and_no_proof(company) -> None:
    row = effect(company, "everybody", "satisfaction_gap")
    assert row["identification"] == "before_after"
    assert row["did_att"] is None
    assert row["effect"] == row["before_after_delta"]
    (entry,) = found(company, "select effect_status from marts.action_plan where initiative_id = 'everybody'")
    assert entry["effect_status"] != "effective"


def test_a_gap_is_rated_by_the_tables_from_what_its_customers_said(company) -> None:
    (row,) = found(
        company,
        "select * from marts.gap_risk where gap_type = 'satisfaction' and attribute_code = 'quality'"
        " and segment_key = 'all:all'",
    )
    assert (row["importance_share"], row["margin_share"]) == (1.0, 1.0), "the only attribute, all customers"
    short = [n for n in CUSTOMERS if delivered(n) < 6]
    silent = [n for n in short if n not in WITH_RECENT_TICKET]
    assert (row["n_observed"], row["n_affected"], row["n_unsignalled"]) == (29, len(short), len(silent))
    shortfall = np.mean([points(6) - points((6 + delivered(n)) / 2) for n in CUSTOMERS])
    assert row["severity_index"] == pytest.approx(shortfall, rel=1e-6)
    assert row["severity"] == rating("severity", shortfall)
    assert row["occurrence"] == rating("occurrence", len(short) / 29)
    assert row["detection"] == rating("detection", len(silent) / len(short))
    assert row["rpn"] == row["severity"] * row["occurrence"] * row["detection"]
    assert row["action_priority"] == "H"
    assert row["margin_at_risk_amount"] == 40 * len(short)


def rating(component: str, value: float) -> int:
    with (PROJECT / "seeds" / "risk_rating.csv").open(newline="") as file:
        return max(
            int(row["rating"])
            for row in csv.DictReader(file)
            if row["component"] == component and value >= float(row["from_value"])
        )


def test_a_gap_of_few_customers_is_neither_rated_nor_ranked(company) -> None:
    rows = found(
        company,
        "select unavailable_reason, severity, rpn, action_priority, priority_rank, is_reportable"
        " from marts.gap_risk where segment_key = 'country:IT'",
    )
    assert rows
    assert {tuple(row.values()) for row in rows} == {("too_few_customers", None, None, None, None, False)}


def test_ranks_follow_priority_then_severity_and_have_no_hole(company) -> None:
    rows = found(
        company,
        "select priority_rank, action_priority, severity, occurrence, shortfall_points * n_affected as size, gap_id"
        " from marts.gap_risk where priority_rank is not null",
    )
    expected = sorted(
        rows,
        key=lambda row: (
            "HML".index(row["action_priority"]), -row["severity"], -row["occurrence"], -row["size"], row["gap_id"],
        ),
    )  # fmt: skip
    assert [row["priority_rank"] for row in expected] == list(range(1, len(rows) + 1))


def test_the_plan_holds_every_initiative_and_every_urgent_gap_nobody_closes(company) -> None:
    rows = found(company, "select * from marts.action_plan")
    entries = {row["initiative_id"]: row for row in rows if row["has_initiative"]}
    assert set(entries) == {row["initiative_id"] for row in INITIATIVES}
    moves = entries["moves"]
    assert (moves["days_overdue"], moves["is_over_budget"], moves["effect_status"]) == (31, True, "effective")
    assert moves["is_below_expectation"], "its interval ends below 50 points"
    assert moves["next_review_date"] == START + timedelta(days=270)
    assert entries["young"]["next_review_date"] == date(2026, 1, 10) + timedelta(days=60)
    assert entries["everybody"]["next_review_date"] is None, "stopped"
    assert entries["undated"]["is_without_owner"]
    assert entries["undated"]["is_without_start_date"]

    everybody = entries["everybody"]
    assert everybody["gap_id"] == "satisfaction|satisfaction_gap|quality|all:all"
    assert everybody["gap_at_start"] is not None
    unattended = {row["gap_id"] for row in rows if not row["has_initiative"]}
    assert everybody["gap_id"] in unattended, "its only initiative was stopped"


def test_a_case_is_one_spell_of_bad_answers_and_ends_as_the_next_answer_says(company) -> None:
    rows = found(
        company,
        "select customer_key, cast(opened_at as varchar) as opened, n_bad_answers, hours_to_contact, is_on_time, outcome, next_score_delta"
        " from marts.fct_closed_loop_case where trigger_code = 'nps_detractor' order by opened_at",
    )
    assert [tuple(row.values())[1:] for row in rows] == [
        ("2025-10-01 08:00:00", 2, 36.0, True, "recovered", 60.0),
        ("2025-10-03 08:00:00", 1, None, False, "no_contact", None),
        ("2025-10-05 08:00:00", 1, 240.0, False, "unchanged", 10.0),
        ("2025-12-20 08:00:00", 1, None, False, "no_contact", None),
        ("2026-01-31 08:00:00", 1, None, None, "open", None),
    ]
    (total,) = found(
        company,
        "select * from marts.closed_loop where trigger_code = 'nps_detractor' and segment_key = 'all:all'"
        " and period_grain = 'trailing_12m'",
    )
    assert (total["n_cases"], total["n_contacted"], total["n_on_time"], total["n_anonymous"]) == (5, 2, 1, 1)
    assert (total["n_recovered"], total["n_decided"], total["recovery_rate"]) == (1, 2, 0.5)
    assert total["on_time_rate"] == pytest.approx(1 / 3), (
        "three customers whose time is up, one of them twice"
    )
    assert total["median_hours"] == 138
    assert total["is_reportable"] is False


def test_customers_at_risk_have_reasons_that_still_hold(company) -> None:
    rows = found(
        company,
        "select number, r.* from marts.at_risk_customer as r inner join (select customer_key,"
        " min(source_id) as number from build.intermediate.int_identity_resolved where source_object = 'companies' group by 1)"
        " using (customer_key)",
    )
    by_number = {int(row["number"]) - 100: row for row in rows}
    detractors = {number for number, row in by_number.items() if row["is_detractor"]}
    assert detractors == {2, 3, 4}, "the first one was won back"
    assert {number for number, row in by_number.items() if row["is_silent"]} == {5}
    assert by_number[5]["first_reason_on"] == date(2025, 12, 15), "a fortnight after its last weekly order"
    assert {number for number, row in by_number.items() if row["has_open_sla_breach"]} == {6}
    assert by_number[2]["case_id"] is not None
    assert by_number[2]["margin_at_risk_amount"] == 40
    assert by_number[3]["days_since_contact"] == (NIGHT - date(2025, 10, 15)).days


def test_data_tests_of_the_action_marts_pass_on_this_company(company, tmp_path) -> None:
    finished = run_dbt(
        "test", "--select", "path:models/marts/action", "path:models/intermediate/action",
        "--exclude", "resource_type:unit_test", "test_type:singular",
        work_dir=tmp_path, build_file=company.build_file, candidate_file=company.candidate_file,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-3000:]


WITH_RECENT_TICKET = {6, 7, 8, 9}
QUALITY_ASKED = date(2025, 12, 1)


def delivered(customer: int) -> int:
    return 2 if customer % 5 else 6


def _fill_accounts(raw: duckdb.DuckDBPyConnection) -> None:
    companies = [
        {"id": str(100 + n), "name": f"Company {n}", "industry": "retail", "country": COUNTRIES.get(n)}
        | {"market_segment": "enterprise", "customer_number": f"C-{n}"} | SEEN
        for n in CUSTOMERS
    ]  # fmt: skip
    contacts = [
        {"id": str(200 + n), "email": f"p{n}@company{n}.example", "customer_number": f"P-{n}"} | SEEN
        for n in CUSTOMERS
    ]
    insert(raw, "hubspot", "companies", companies)
    insert(raw, "hubspot", "contacts", contacts)
    insert(
        raw,
        "hubspot",
        "contact_companies",
        [{"from_id": str(200 + n), "to_records": to(str(100 + n))} for n in CUSTOMERS],
    )
    users = [
        {"id": str(300 + n), "email": f"p{n}@company{n}.example", "role": "end-user", **SEEN}
        for n in CUSTOMERS
    ]
    insert(raw, "zendesk", "users", [*users, {"id": "999", "email": "a@us.example", "role": "agent", **SEEN}])
    for stream, first in (("company_ids", 100), ("contact_ids", 200)):
        insert(raw, "hubspot", stream, [{"id": str(first + n)} for n in CUSTOMERS])


def _fill_orders(raw: duckdb.DuckDBPyConnection) -> None:
    days = {n: ["2026-01-20"] for n in CUSTOMERS} | {
        5: ["2025-11-10", "2025-11-17", "2025-11-24", "2025-12-01"]
    }
    orders = [(f"{n}0{number}", n, day) for n in CUSTOMERS for number, day in enumerate(days[n])]
    won = {
        "dealstage": "closedwon",
        "hs_is_closed_won": True,
        "hs_is_closed": True,
        "deal_currency_code": "EUR",
    }
    insert(
        raw,
        "hubspot",
        "deals",
        [
            {"id": order, "order_number": f"O-{order}", "closedate": f"{day} 09:00:00", **won, **SEEN}
            for order, _, day in orders
        ],
    )
    insert(
        raw,
        "hubspot",
        "deal_companies",
        [{"from_id": order, "to_records": to(str(100 + n), type_id=5)} for order, n, _ in orders],
    )
    line = {
        "hs_sku": "DESK",
        "name": "Desk",
        "price": 100,
        "hs_cost_of_goods_sold": 60,
        "quantity": 1,
        **SEEN,
    }
    # Those of the fifth customer bring a quarter each, so that all bring the same.
    insert(
        raw,
        "hubspot",
        "line_items",
        [
            {"id": f"9{order}", "hs_position_on_quote": 1, **line}
            | ({"price": 25, "hs_cost_of_goods_sold": 15} if n == 5 else {})
            for order, n, _ in orders
        ],
    )
    insert(
        raw,
        "hubspot",
        "line_item_deals",
        [{"from_id": f"9{order}", "to_records": to(order, type_id=20)} for order, _, _ in orders],
    )
    insert(raw, "hubspot", "deal_ids", [{"id": order} for order, _, _ in orders])
    insert(raw, "hubspot", "line_item_ids", [{"id": f"9{order}"} for order, _, _ in orders])


def _fill_tickets(raw: duckdb.DuckDBPyConnection) -> None:
    """Tickets of the first and third customer an agent answers, three shortly before a survey, one left open."""
    replied = {
        1: ("2025-09-30 08:00:00", "2025-10-02 20:00:00"),
        3: ("2025-10-04 08:00:00", "2025-10-15 08:00:00"),
    }
    opened = {n: at for n, (at, _) in replied.items()} | dict.fromkeys(
        WITH_RECENT_TICKET, "2025-11-20 08:00:00"
    )
    tickets, events = [], []
    for n, at in opened.items():
        reply = replied.get(n, (None, at))[1]
        is_open = n == 6
        tickets.append(
            {
                "id": str(600 + n),
                "status": "open" if is_open else "solved",
                "priority": "high",
                "channel": "email",
            }
            | {"requester_id": str(300 + n), "assignee_id": "999", "created_at": at, "updated_at": reply}
            | {"generated_at": reply, "replies": 0, "reopens": 0, "tags": "[]"}
        )
        create = {"event_type": "Create", "status": "new"}
        events.append({"id": f"8{n}0", "ticket_id": str(600 + n), "occurred_at": at, "updater_id": str(300 + n)}
                      | {"child_events": json.dumps([create])})  # fmt: skip
        if not is_open:
            comment = {"event_type": "Comment", "public": True, "author_id": 999}
            solve = {"event_type": "Change", "status": "solved", "previous_value": "new"}
            events.append({"id": f"8{n}1", "ticket_id": str(600 + n), "occurred_at": reply, "updater_id": "999"}
                          | {"child_events": json.dumps([comment, solve] if n in replied else [solve])})  # fmt: skip
    insert(raw, "zendesk", "tickets", tickets)
    insert(raw, "zendesk", "ticket_events", events)


def _fill_answers(raw: duckdb.DuckDBPyConnection) -> None:
    surveys = {
        "SV_ticket01": ("CES", "CSAT_TICKET"),
        "SV_relationship01": ("EXP_QUALITY_1", "PER_QUALITY_1", "IMP_QUALITY", "NPS"),
    }
    seen = {"last_modified_at": "2024-01-01"}
    insert(raw, "qualtrics", "surveys", [{"id": survey, "name": survey} | seen for survey in surveys])
    insert(
        raw,
        "qualtrics",
        "survey_definitions",
        [
            {"id": survey, "name": survey, "questions": questions(*tags)} | seen
            for survey, tags in surveys.items()
        ],
    )
    numbers = count(1)
    responses = [
        {"id": f"R_{next(numbers)}", "is_finished": True, "survey_id": survey, "recorded_at": at}
        | ({} if customer is None else {"recipient_email": f"p{customer}@company{customer}.example"})
        | {
            "answers": json.dumps(
                {f"QID{1 + surveys[survey].index(tag)}": str(v) for tag, v in answers.items()}
            )
        }
        for survey, customer, at, answers in _answers()
    ]
    insert(raw, "qualtrics", "responses", responses)
    insert(
        raw,
        "qualtrics",
        "response_ids",
        [{"survey_id": row["survey_id"], "id": row["id"]} for row in responses],
    )


def _answers() -> Iterator[tuple[str, int | None, str, Mapping[str, int]]]:
    for n in CUSTOMERS:
        for when in (*BEFORE, AFTER):
            answers = {"CES": ease(n, when)}
            if when in (BEFORE[0], AFTER) and asked(n, when):
                answers["CSAT_TICKET"] = satisfaction(n, when == AFTER)
            yield "SV_ticket01", n, f"{when} 10:00:00", answers
        quality = {"EXP_QUALITY_1": 6, "PER_QUALITY_1": delivered(n), "IMP_QUALITY": 6}
        yield "SV_relationship01", n, f"{QUALITY_ASKED} 10:00:00", quality
        yield "SV_relationship01", n, "2025-03-01 10:00:00", quality | {"PER_QUALITY_1": 6}
    for n, at, score in (
        (1, "2025-10-01 08", 3), (1, "2025-10-02 08", 2), (1, "2025-11-20 08", 9),
        (2, "2025-10-03 08", 0),
        (3, "2025-10-05 08", 0), (3, "2025-12-20 08", 1),
        (4, "2026-01-31 08", 6),
        (None, "2025-10-07 08", 0),
    ):  # fmt: skip
        yield "SV_relationship01", n, f"{at}:00:00", {"NPS": score}
