"""What the marts say about a company small enough to know by heart, and that they say it again."""

from datetime import date

import duckdb
import pytest
import yaml
from model_run import PROJECT, build_models
from raw_fixture import NIGHT, fill_small_company, insert, questions

from valuegap import warehouse
from valuegap.publish.checksum import table_hashes
from valuegap.settings import Settings
from valuegap.sources.registry import DECLARED


def marts(settings: Settings) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(settings.candidate_file), read_only=True)


def rows(settings: Settings, query: str) -> list[tuple]:
    with marts(settings) as connection:
        return connection.execute(query).fetchall()


def test_a_person_is_one_contact_in_all_three_systems(small_company):
    found = rows(
        small_company,
        "select source_object, source_id, contact_key, customer_key, match_rule from marts.bridge_identity",
    )
    by_record = {(source_object, source_id): rest for source_object, source_id, *rest in found}
    ann, bo = by_record["contacts", "1"], by_record["contacts", "2"]

    assert by_record["users", "41"] == ann
    assert ann[2] == "email"
    assert by_record["users", "42"] == bo, "another address, the same person number"
    assert bo[2] == "external_id"
    assert [rest for (kind, _), rest in by_record.items() if kind == "respondents"] in ([ann, bo], [bo, ann])
    assert by_record["companies", "11"][1] == by_record["organizations", "31"][1] == ann[1]
    assert ("users", "49") not in by_record, "agents are not customers"


def test_survey_answers_become_gaps(small_company):
    found = rows(
        small_company,
        "select round(expected_score, 3), round(delivered_score, 3), round(gap_score, 3), gap_direction, gap_raw, "
        "pairing_method from marts.fct_value_gap order by delivered_score",
    )
    assert found == [
        (91.667, 58.333, -33.333, "shortfall", -2.0, "same_response"),
        (None, 100.0, None, None, None, "none"),
    ]


def test_answers_are_kept_whatever_they_are(small_company):
    found = rows(
        small_company,
        "select question_tag, raw_value, is_scored, rejection_reason, text_hash is not null "
        "from marts.fct_survey_answer inner join marts.dim_question using (question_key) "
        "where question_tag in ('NPS', 'COMMENT', 'NEW_IDEA') order by all",
    )
    assert found == [
        ("COMMENT", None, False, None, True),
        ("NEW_IDEA", "2", False, None, False),
        ("NPS", "11", False, "outside_scale", False),
        ("NPS", "3", True, None, False),
        ("NPS", "9", True, None, False),
    ]
    assert rows(small_company, "select question_tag, n_answers from marts.unmapped_question") == [
        ("NEW_IDEA", 1)
    ]


def test_orders_are_the_won_deals(small_company):
    found = rows(
        small_company,
        "select order_number, net_amount, margin_amount, is_return, is_clean_sale, is_on_time, is_first_order "
        "from marts.fct_order_line order by order_number",
    )
    assert [(number, float(net), float(margin), *flags) for number, net, margin, *flags in found] == [
        ("O-1", 285.0, 105.0, False, True, True, True),
        ("O-2", 200.0, 80.0, False, True, None, False),
        ("R-1", -100.0, -40.0, True, False, None, False),
    ]


def test_a_ticket_is_timed_by_its_events(small_company):
    found = rows(
        small_company,
        "select first_resolution_seconds, first_resolution_hours, topic_code, purchase_phase, n_events, "
        "n_agent_replies, is_resolved from marts.fct_ticket",
    )
    assert found == [(43200, 12.0, "delivery", "after", 2, 1, True)]


def test_a_source_that_was_not_loaded_is_stale(small_company):
    found = dict(rows(small_company, "select source || '.' || stream, status from marts.freshness"))
    assert {found["hubspot.owners"], found["hubspot.deal_contacts"]} == {"stale"}
    assert {found["hubspot.contacts"], found["zendesk.tickets"], found["qualtrics.responses"]} == {"loaded"}
    assert {status for stream, status in found.items() if stream.startswith(("files", "salesforce"))} == {
        "not used"
    }


def test_no_mart_holds_a_clear_address_name_or_phone(small_company):
    with marts(small_company) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()
        for (table,) in tables:
            text = connection.execute(
                f"select string_agg(cast(to_json(t) as varchar), '') from marts.{table} as t"
            ).fetchone()[0]
            for secret in ("@", "Acme", "Bolt", "acme.example"):
                assert secret.lower() not in (text or "").lower(), f"{secret} in {table}"


def test_every_mart_and_column_carries_its_description(small_company):
    with marts(small_company) as connection:
        undescribed = connection.execute(
            "select table_name, column_name from duckdb_columns() "
            "where schema_name = 'marts' and database_name = 'candidate' and coalesce(comment, '') = '' "
            "union all select table_name, '' from duckdb_tables() where schema_name = 'marts' and comment is null"
        ).fetchall()
    assert undescribed == []


def test_order_of_arrival_and_later_nights_change_nothing(small_company, tmp_path):
    """The same records, backwards and with a later night loaded on top, built again as of the first night."""
    settings = Settings(data_dir=tmp_path)
    with warehouse.writer(settings) as connection:
        fill_small_company(connection)
        for source in DECLARED.values():
            for stream in source.streams:
                _reverse(connection, f"raw_{source.name}.{stream.name}")
        _land_a_later_night(connection)
    build_models(settings, NIGHT)

    assert table_hashes(settings.candidate_file) == table_hashes(small_company.candidate_file)


@pytest.fixture(scope="module")
def second_night(tmp_path_factory):
    settings = Settings(data_dir=tmp_path_factory.mktemp("second_night"))
    with warehouse.writer(settings) as connection:
        fill_small_company(connection)
        _land_a_later_night(connection)
    build_models(settings, date(2026, 2, 1))
    return settings


def test_the_next_night_sees_what_changed(second_night):
    found = rows(
        second_night,
        "select contacts.customer_key = companies.customer_key from marts.bridge_identity as contacts "
        "inner join marts.bridge_identity as companies on companies.source_id = '11' "
        "and companies.source_object = 'companies' where contacts.source_object = 'contacts' and contacts.source_id = '3'",
    )
    assert found == [(True,)], "the lone contact was merged into Ann, who belongs to Acme"
    assert rows(second_night, "select count(*) from marts.fct_order_line where is_deleted") == [(1,)]
    assert rows(second_night, "select is_deleted from marts.fct_ticket") == [(True,)]
    assert rows(second_night, "select question_tag from marts.unmapped_question order by question_tag") == [
        ("NEW_IDEA",),  # gone from the survey, its answer is not
        ("OTHER",),  # the tag QID1 has now, which nobody mapped
    ]


def test_a_customer_may_be_a_person(tmp_path):
    settings = Settings(data_dir=tmp_path)
    with warehouse.writer(settings) as connection:
        fill_small_company(connection)
    build_models(settings, NIGHT, customer_grain="person")

    assert rows(
        settings, "select customer_type, count(*) from marts.dim_customer group by all order by all"
    ) == [("account", 2), ("person", 3)]
    assert rows(
        settings,
        "select count(*) from marts.fct_survey_answer where customer_key is distinct from contact_key",
    ) == [(0,)]
    assert rows(
        settings,
        "select people.industry, people.market_segment, people.country, people.size_band, count(*) "
        "from marts.dim_customer as people inner join marts.dim_customer as accounts "
        "on people.parent_customer_key = accounts.customer_key "
        "where people.customer_type = 'person' group by all order by all",
    ) == [
        ("energy", "mid_market", "FR", None, 1),
        ("retail", "enterprise", "DE", "250+", 1),
    ], "Bo and Ann are what their accounts are"


def test_sources_declare_every_stream():
    declared = set()
    for file in PROJECT.glob("models/staging/*/_sources.yml"):
        for source in yaml.safe_load(file.read_text())["sources"]:
            declared |= {(source["schema"], table["name"]) for table in source["tables"]}
    assert declared == {
        (f"raw_{source.name}", stream.name) for source in DECLARED.values() for stream in source.streams
    }


def _reverse(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    connection.execute(f"create temp table backwards as select * from {table} order by _line desc")
    connection.execute(f"delete from {table}")
    connection.execute(f"insert into {table} select * from backwards")
    connection.execute("drop table backwards")


def _land_a_later_night(connection: duckdb.DuckDBPyConnection) -> None:
    night = date(2026, 2, 1)
    changed = {"created_at": "2026-01-01", "updated_at": "2026-02-01 10:00:00"}
    winner = {"id": "1", "email": "ann@acme.example", "customer_number": "P-1", "hs_merged_object_ids": "3"}
    insert(connection, "hubspot", "contacts", [winner | changed], night)
    archived = {"id": "702", "hs_sku": "DESK", "price": 100, "quantity": 2, "is_archived": True}
    insert(connection, "hubspot", "line_items", [archived | changed], night)
    deleted = {"id": "61", "status": "deleted", "generated_at": "2026-02-01 10:00:00", "requester_id": "41"}
    insert(connection, "zendesk", "tickets", [deleted | changed], night)
    definition = {
        "id": "SV_relationship01",
        "questions": questions("OTHER"),
        "last_modified_at": "2026-02-01",
    }
    insert(connection, "qualtrics", "survey_definitions", [definition], night)
