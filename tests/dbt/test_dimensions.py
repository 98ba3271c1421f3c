"""Customers over three nights, their people, channels and colleagues, of a company written by hand."""

from datetime import date
from types import SimpleNamespace

import duckdb
import pytest
from model_run import build_models
from raw_fixture import fill_small_company, insert

from valuegap import warehouse
from valuegap.settings import Settings

SECOND, THIRD = date(2026, 2, 1), date(2026, 2, 2)
DIMENSIONS = [
    f"+dim_{name}" for name in ("customer", "customer_history", "contact", "channel", "segment", "agent")
] + ["bridge_identity"]
ACME = {"id": "11", "name": "Acme", "domain": "acme.example", "industry": "retail", "country": "DE"} | {
    "numberofemployees": 900, "customer_number": "C-1", "created_at": "2026-01-01",
}  # fmt: skip
TWIN = {"id": "13", "name": "Acme twin", "customer_number": "C-9", "country": "Frankreich"} | {
    "market_segment": "mid_market", "created_at": "2026-01-01", "hs_parent_company_id": "12",
}  # fmt: skip


def fill_three_nights(raw: duckdb.DuckDBPyConnection) -> None:
    """Acme changes its segment and back; its twin is known with a parent, and merged into it on the third night."""
    fill_small_company(raw)
    insert(raw, "hubspot", "owners", [{"id": "7", "email": "owner@us.example", "updated_at": "2026-01-01"}])
    twin = TWIN | {"updated_at": "2026-01-02", "hs_analytics_source": "OFFLINE"}
    moved = ACME | {"market_segment": "mid_market", "updated_at": "2026-02-01 10:00:00"}
    insert(raw, "hubspot", "companies", [moved, twin], SECOND)
    stale = ACME | {"market_segment": "stale", "updated_at": "2025-12-01"}
    back = ACME | {
        "market_segment": "enterprise",
        "updated_at": "2026-02-02 10:00:00",
        "hs_merged_object_ids": "13",
    }
    insert(raw, "hubspot", "companies", [stale, back], THIRD)
    contact = {"id": "1", "email": "ann@acme.example", "customer_number": "P-1", "hs_email_optout": True}
    contact |= {"jobtitle": "ask ann@acme.example", "hs_language": "DE_at", "created_at": "2026-01-01"}
    insert(raw, "hubspot", "contacts", [contact | {"updated_at": "2026-02-01"}], SECOND)
    deal = {
        "id": "505",
        "dealstage": "closedlost",
        "sales_channel": "carrier_pigeon",
        "hubspot_owner_id": "8",
    }
    insert(raw, "hubspot", "deals", [deal | {"created_at": "2026-01-01", "updated_at": "2026-02-01"}], SECOND)


def built(settings: Settings, as_of: date, **variables: object) -> SimpleNamespace:
    with warehouse.writer(settings) as connection:
        fill_three_nights(connection)
    build_models(settings, as_of, DIMENSIONS, **variables)

    def rows(query: str) -> list[tuple]:
        with duckdb.connect(str(settings.candidate_file), read_only=True) as marts:
            return marts.execute(query).fetchall()

    return SimpleNamespace(settings=settings, rows=rows)


@pytest.fixture(scope="module")
def second_night(tmp_path_factory):
    return built(Settings(data_dir=tmp_path_factory.mktemp("second_night")), SECOND)


@pytest.fixture(scope="module")
def third_night(tmp_path_factory):
    return built(Settings(data_dir=tmp_path_factory.mktemp("third_night")), THIRD)


STRETCHES = (
    "select cast(valid_from as varchar), cast(valid_to as varchar), is_current, is_first, market_segment "
    "from marts.dim_customer_history inner join marts.bridge_identity using (customer_key) "
    "where source_object = 'companies' and source_id = '{}' order by valid_from"
)


def test_a_segment_that_changes_and_back_makes_three_stretches(third_night):
    assert third_night.rows(STRETCHES.format(11)) == [
        ("2026-01-31", "2026-02-01", False, True, "enterprise"),
        ("2026-02-01", "2026-02-02", False, False, "mid_market"),
        ("2026-02-02", None, True, False, "enterprise"),
    ]


def test_before_the_third_night_there_were_two(second_night):
    assert second_night.rows(STRETCHES.format(11)) == [
        ("2026-01-31", "2026-02-01", False, True, "enterprise"),
        ("2026-02-01", None, True, False, "mid_market"),
    ]


def test_what_is_merged_has_the_history_of_its_survivor(second_night, third_night):
    assert second_night.rows(STRETCHES.format(13)) == [("2026-02-01", None, True, True, "mid_market")]
    assert third_night.rows(STRETCHES.format(13)) == third_night.rows(STRETCHES.format(11))


def test_a_company_that_never_changed_has_one_stretch(third_night):
    assert third_night.rows(STRETCHES.format(12)) == [("2026-01-31", None, True, True, "mid_market")]


def test_a_subsidiary_names_its_parent_and_a_country_in_any_language_has_a_region(second_night):
    found = second_night.rows(
        "select children.country, children.region, children.culture_cluster, children.lead_source, parents.industry "
        "from marts.dim_customer as children inner join marts.dim_customer as parents "
        "on children.parent_customer_key = parents.customer_key"
    )
    assert found == [("FR", "western_europe", "latin_europe", "OFFLINE", "energy")]


def test_a_person_takes_the_description_and_history_of_its_account(tmp_path):
    people = built(Settings(data_dir=tmp_path), THIRD, customer_grain="person")
    assert people.rows(
        "select cast(valid_from as varchar), history.market_segment, accounts.customer_type "
        "from marts.dim_customer_history as history "
        "inner join marts.bridge_identity as bridge using (customer_key) "
        "inner join marts.dim_customer as accounts on history.parent_customer_key = accounts.customer_key "
        "where bridge.source_system = 'hubspot' and source_object = 'contacts' and source_id = '1' order by valid_from"
    ) == [
        ("2026-01-31", "enterprise", "account"),
        ("2026-02-01", "mid_market", "account"),
        ("2026-02-02", "enterprise", "account"),
    ]


def test_a_contact_says_what_its_records_say_and_no_address(third_night):
    found = third_night.rows(
        "select job_title, language, is_opted_out, n_records, length(email_hash) from marts.dim_contact "
        "inner join marts.bridge_identity using (contact_key) "
        "where source_system = 'hubspot' and source_object = 'contacts' and source_id in ('1', '3') order by source_id"
    )
    assert found == [(None, "de-at", True, 3, 64), (None, None, False, 1, 64)]


def test_channels_and_colleagues_nobody_explained_are_shown_as_unknown(third_night):
    assert third_night.rows(
        "select channel_code, is_sales, is_service from marts.dim_channel where channel_type = 'unknown'"
    ) == [("carrier_pigeon", True, False)]
    assert third_night.rows(
        "select source_system, source_id, role from marts.dim_agent order by source_system, source_id"
    ) == [("hubspot", "7", "owner"), ("hubspot", "8", "unknown"), ("zendesk", "49", "agent")]


def test_segments_of_each_type_add_up_to_all_customers(third_night):
    (customers,) = third_night.rows("select count(*) from marts.dim_customer")[0]
    found = dict(
        third_night.rows(
            "select segment_type, sum(population_n) from marts.dim_segment group by segment_type"
        )
    )
    assert set(found.values()) == {customers}
    assert set(found) == {
        *(
            "all",
            "industry",
            "market_segment",
            "country",
            "region",
            "culture_cluster",
            "size_band",
            "value_tier",
        )
    }
