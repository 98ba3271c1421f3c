"""What comes by file or by configuration stands in the marts beside what comes from the vendors."""

import json
from pathlib import Path

import duckdb
import pytest
from model_run import build_models
from raw_fixture import NIGHT, fill_small_company, insert

from valuegap import warehouse
from valuegap.settings import Settings
from valuegap.transform import company_variables

CUSTOM_FIELDS = """
hubspot.companies:
  - {property: tier, column: tier, to: [dim_customer]}
  - {property: seats, column: seats, type: integer, to: [dim_customer]}
zendesk.tickets:
  - {path: "$.custom_fields[id=7]", column: root_cause, to: [fct_ticket]}
hubspot.deals:
  - {property: forecast, column: forecast, type: decimal, to: [fct_order_line]}
qualtrics.responses:
  - {path: $.values.panel, column: panel, type: boolean, to: [fct_survey_answer]}
"""


def fill_files(raw: duckdb.DuckDBPyConnection) -> None:
    place = {"mapping": "hand", "file_name": "a.csv", "file_sha256": "0", "sheet": ""}
    answer = place | {"survey_id": "SV_relationship01", "answered_at": "2026-01-20"}
    insert(
        raw,
        "files",
        "survey_answers",
        [
            answer | {"response_id": "h1", "email": "ann@acme.example"}
            | {"answers": json.dumps({"EXP_QUALITY_1": "7", "PER_QUALITY_1": "1", "Phone": "5551234"})},
            answer | {"response_id": "h2", "question": "NPS", "email": "new@firm.example"}
            | {"answers": json.dumps({"NPS": "10"})},
        ],
    )  # fmt: skip
    ticket = place | {"mapping": "old_desk", "created_at": "2026-01-02 08:00:00"}
    insert(
        raw,
        "files",
        "tickets",
        [
            ticket | {"ticket_id": "61", "email": "ann@acme.example", "resolved_at": "2026-01-02 10:00:00"}
            | {"first_reply_at": "2026-01-02 08:30:00", "status": "Solved", "topic": "Billing"},
            ticket | {"ticket_id": "62", "customer_number": " c-2 ", "resolved_at": "2026-01-01", "purchase_phase": "x"},
        ],
    )  # fmt: skip
    insert(
        raw,
        "files",
        "targets",
        [
            place | {"metric_code": "nps", "target_value": 40, "owner": "eve@us.example", "due_date": "2026-06-30"},
            place | {"metric_code": "ces", "target_value": 5.5, "segment_type": "country", "segment_value": "DE"}
            | {"valid_from": "2026-03-01"},
        ],
    )  # fmt: skip
    insert(
        raw,
        "files",
        "initiatives",
        [
            place
            | {
                "initiative_id": "I1",
                "name": "Faster parcels",
                "due_date": "2026-01-15",
                "budget_amount": 1000,
            }
        ],
    )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root: Path = tmp_path_factory.mktemp("files")
    settings = Settings(
        project_root=root, data_dir=root, sources=("hubspot", "zendesk", "qualtrics", "files")
    )
    with warehouse.writer(settings) as raw:
        fill_small_company(raw)
        fill_files(raw)
        for table, id_, record in (
            ("hubspot.companies", "11", {"properties": {"tier": "gold", "seats": "12"}}),
            ("hubspot.companies", "12", {"properties": {"tier": "", "seats": "many"}}),
            ("hubspot.deals", "501", {"properties": {"forecast": "9.5"}}),
            ("zendesk.tickets", "61", {"custom_fields": [{"id": 7, "value": "carrier"}]}),
            ("qualtrics.responses", "R_1", {"values": {"panel": True}}),
        ):
            raw.execute(f"update raw_{table} set record = ? where id = ?", [json.dumps(record), id_])
    settings.config_dir.mkdir()
    (settings.config_dir / "custom_fields.yml").write_text(CUSTOM_FIELDS)
    with warehouse.writer(settings):
        pass  # fills the columns that are new
    build_models(settings, NIGHT, **company_variables(settings))
    return settings


def rows(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.candidate_file), read_only=True) as marts:
        return marts.execute(query).fetchall()


def test_answers_of_a_file_are_scored_by_the_same_map(company):
    assert rows(
        company,
        "select question_tag, raw_value, score_pomp, is_mapped from marts.fct_survey_answer "
        "inner join marts.dim_question using (question_key, survey_key) "
        "where submitted_at = '2026-01-20' order by question_tag",
    ) == [
        ("EXP_QUALITY_1", "7", 100.0, True),
        ("NPS", "10", 100.0, True),
        ("PER_QUALITY_1", "1", 0.0, True),
        ("Phone", None, None, False),
    ], "a number in a column nobody mapped may be a phone number"
    assert rows(company, "select gap_score from marts.fct_value_gap where submitted_at = '2026-01-20'") == [
        (-100.0,)
    ]


def test_people_of_a_file_are_the_people_of_the_vendors(company):
    ann, known = rows(
        company,
        "select distinct respondent_key, customer_key is not null from marts.fct_survey_answer "
        "inner join marts.dim_question using (question_key, survey_key) "
        "where submitted_at = '2026-01-20' and question_tag = 'EXP_QUALITY_1'",
    )[0]
    assert known
    assert rows(
        company,
        f"select source_system from marts.bridge_identity where contact_key = '{ann}' order by source_system",
    ) == [("files",), ("hubspot",), ("qualtrics",), ("zendesk",)]


def test_tickets_of_a_file_stand_beside_those_of_the_help_desk(company):
    assert rows(
        company,
        "select ticket_id, source_system, status, topic_code, purchase_phase, first_resolution_hours, "
        "first_reply_minutes_calendar, is_resolved, customer_key is not null from marts.fct_ticket order by ticket_id",
    ) == [
        ("61", "zendesk", "solved", "delivery", "after", 12.0, None, True, True),
        ("old_desk:61", "files", "solved", "billing", None, 2.0, 30, True, True),
        ("old_desk:62", "files", "open", None, None, None, None, False, True),
    ]


def test_targets_and_initiatives_say_what_they_lack(company):
    assert rows(
        company,
        "select metric_code, segment_key, target_value::double, owner, is_valid, is_without_owner, is_without_due_date "
        "from marts.dim_target order by metric_code desc",
    ) == [
        ("nps", "all:all", 40.0, "eve", True, False, False),
        ("ces", "country:DE", 5.5, None, False, True, True),
    ]
    assert rows(
        company,
        "select initiative_name, budget_amount::int, is_overdue, is_without_owner, is_without_start_date, "
        "is_without_due_date from marts.dim_initiative",
    ) == [("Faster parcels", 1000, True, True, True, False)]


def test_custom_fields_reach_their_marts(company):
    assert rows(
        company,
        "select mart, field_name, value_text, value_number::double, value_boolean, source_object, source_id "
        "from marts.custom_field_value order by all",
    ) == [
        ("dim_customer", "seats", "12", 12.0, None, "companies", "11"),
        ("dim_customer", "tier", "gold", None, None, "companies", "11"),
        ("fct_order_line", "forecast", "9.500000", 9.5, None, "deals", "501"),
        ("fct_survey_answer", "panel", "true", None, True, "responses", "R_1"),
        ("fct_ticket", "root_cause", "carrier", None, None, "tickets", "61"),
    ]
    for mart, key in (
        ("dim_customer", "customer_key"),
        ("fct_order_line", "order_line_key"),
        ("fct_survey_answer", "response_key"),
        ("fct_ticket", "ticket_id"),
    ):
        assert rows(
            company,
            f"select count(*) > 0 from marts.{mart} inner join marts.custom_field_value on {key} = record_key "
            f"where mart = '{mart}'",
        ) == [(True,)]


def test_a_used_source_without_a_file_of_a_kind_is_loaded_not_stale(company):
    assert rows(company, "select distinct status from marts.freshness where source = 'files'") == [
        ("loaded",)
    ]


def test_no_new_mart_holds_an_address(company):
    for table in ("dim_target", "dim_initiative", "custom_field_value", "schema_drift"):
        assert rows(
            company, f"select count(*) from marts.{table} as t where to_json(t)::varchar like '%@%'"
        ) == [(0,)]
