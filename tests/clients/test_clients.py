"""Clients that this project did not write read the demo vendors: they find what the company holds.

Each runs in a process of its own, in the environment `.venv-clients`, and holds every answer it gets
against the specification it was generated from.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.clients.reading import Reading, read_with_client, without_nulls

from valuegap.demo.company import generate_company
from valuegap.demo.records import Company, Versions
from valuegap.demo.server import DEMO_TOKENS, UNLIMITED, DemoServer, serve

pytestmark = pytest.mark.slow

AS_OF = date(2026, 1, 31)
CRM_TYPES = ("contacts", "companies", "deals", "line_items", "products")
ARCHIVE_KEPT = timedelta(days=90)
SALESFORCE_OBJECTS = ("Account", "Contact", "Opportunity", "OpportunityContactRole", "Product2", "User")
MOST_FOUND = 10_000
LINKS = {
    "contacts to companies": "contact_companies",
    "deals to companies": "deal_companies",
    "deals to contacts": "deal_contacts",
    "line_items to deals": "line_item_deals",
}


@pytest.fixture(scope="module")
def company() -> Company:
    return generate_company(seed=7, size="S", nights=1)


@pytest.fixture(scope="module")
def server(company) -> Iterator[DemoServer]:
    with serve(company, as_of=AS_OF, speed=UNLIMITED) as server:
        yield server


@pytest.fixture(scope="module")
def hubspot(server) -> Reading:
    return read_with_client(server, "hubspot", DEMO_TOKENS.hubspot)


@pytest.fixture(scope="module")
def zendesk(server) -> Reading:
    return read_with_client(server, "zendesk", DEMO_TOKENS.zendesk_email, DEMO_TOKENS.zendesk)


@pytest.fixture(scope="module")
def qualtrics(server, company) -> Reading:
    return read_with_client(server, "qualtrics", DEMO_TOKENS.qualtrics, *company.qualtrics_responses)


@pytest.fixture(scope="module")
def salesforce(server, company) -> Reading:
    secrets = (DEMO_TOKENS.salesforce_app, DEMO_TOKENS.salesforce)
    return read_with_client(server, "salesforce", *secrets, *SALESFORCE_OBJECTS)


def held(versions: Versions, clock: datetime, states: tuple[str, ...] = ("live",)) -> list[dict]:
    """The records of a stream that are in one of the states at an instant."""
    current = versions.current(clock)
    return versions.render(current[current["state"].isin(states).to_numpy(bool)])


def shown_archived(versions: Versions, clock: datetime) -> list[dict]:
    """The archived records HubSpot still shows."""
    current = versions.current(clock)
    is_kept = current["visible_at"] > (clock - ARCHIVE_KEPT).replace(tzinfo=None)
    return versions.render(current[(current["state"] == "archived").to_numpy(bool) & is_kept.to_numpy(bool)])


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize("object_type", CRM_TYPES)
def test_hubspots_own_client_reads_every_record_with_its_properties(
    hubspot, company, server, object_type
) -> None:
    def shape(record: dict, created: str, updated: str) -> tuple:
        properties = {name: text for name, text in record["properties"].items() if text is not None}
        properties.pop("createdate", None)
        properties.pop("lastmodifieddate", None)
        properties.pop("hs_lastmodifieddate", None)
        properties.pop("hs_object_id", None)
        return record["archived"], instant(record[created]), instant(record[updated]), properties

    versions, now = company.hubspot[object_type], server.clock.now
    expected = held(versions, now) + shown_archived(versions, now)
    assert len(expected) > 10
    assert {each["id"]: shape(each, "created_at", "updated_at") for each in hubspot.records[object_type]} == {
        each["id"]: shape(each, "createdAt", "updatedAt") for each in expected
    }
    assert len(hubspot.records[object_type]) == len(expected)


@pytest.mark.parametrize("object_type", CRM_TYPES)
def test_hubspots_own_client_finds_the_live_records_by_search_up_to_ten_thousand(
    hubspot, company, server, object_type
) -> None:
    live = sorted((each["id"] for each in held(company.hubspot[object_type], server.clock.now)), key=int)
    found = hubspot.records[f"{object_type} by search"]
    assert [each["id"] for each in found] == live[:MOST_FOUND]
    assert {each["total"] for each in found} == {len(live)}


def test_hubspots_own_client_reads_a_batch_and_misses_the_id_nobody_has(hubspot, company, server) -> None:
    live = sorted((each["id"] for each in held(company.hubspot["contacts"], server.clock.now)), key=int)
    assert sorted(hubspot.records["contacts by batch"], key=int) == live[:10]


@pytest.mark.parametrize("link", LINKS)
def test_hubspots_own_client_reads_every_association(hubspot, company, server, link) -> None:
    from_type, to_type = link.split(" to ")
    live = {
        name: {int(each["id"]) for each in held(company.hubspot[name], server.clock.now)}
        for name in (from_type, to_type)
    }
    rows = company.associations[LINKS[link]]
    is_visible = rows["visible_at"] <= server.clock.now.replace(tzinfo=None)
    expected = {
        (from_id, to_id, type_id)
        for from_id, to_id, type_id in rows.loc[is_visible, ["from_id", "to_id", "type_id"]].itertuples(
            index=False
        )
        if from_id in live[from_type] and to_id in live[to_type]
    }
    assert expected
    assert {tuple(map(int, each)) for each in hubspot.records[link]} == expected


def test_hubspots_own_client_reads_the_owners_archived_ones_too(hubspot, company, server) -> None:
    expected = held(company.hubspot["owners"], server.clock.now, ("live", "archived"))
    assert {(each["id"], each["email"], each["archived"]) for each in hubspot.records["owners"]} == {
        (each["id"], each["email"], each["archived"]) for each in expected
    }


def test_hubspots_own_client_understands_every_refusal(hubspot) -> None:
    assert dict(hubspot.records["refusals"]) == {
        "a wrong token": 401, "no such type": 404, "too large a page": 400, "past the most found": 400,
    }  # fmt: skip


@pytest.mark.parametrize(
    "stream", ["tickets", "users", "organizations", "ticket_events", "ticket_metric_events"]
)
def test_zenpy_reads_every_record_deleted_ones_too(zendesk, company, server, stream) -> None:
    # What changed in the minute before is not exported yet.
    visible = server.clock.now - timedelta(seconds=60)
    expected = {
        each["id"]: without_nulls(each)
        for each in held(company.zendesk[stream], visible, ("live", "archived", "deleted", "merged"))
    }
    found = {each["id"]: without_nulls(each) for each in zendesk.records[stream]}
    assert len(expected) > 100
    assert found.keys() == expected.keys()
    for record_id, record in expected.items():
        assert {name: found[record_id].get(name) for name in record} == record


@pytest.mark.parametrize("stream", ["satisfaction_ratings", "ticket_fields", "users", "organizations"])
def test_zenpy_lists_every_record_that_is_not_deleted(zendesk, company, server, stream) -> None:
    listed = zendesk.records[f"listed {stream}"] or zendesk.records[stream]
    expected = {each["id"] for each in held(company.zendesk[stream], server.clock.now)}
    assert expected
    assert sorted(each["id"] for each in listed) == sorted(expected)


def test_zenpy_sees_a_wrong_token_refused(zendesk) -> None:
    assert zendesk.records["refusals"] == [["a wrong token", 401]]


def test_the_client_of_qualtrics_specification_exports_every_response(qualtrics, company, server) -> None:
    assert len(company.qualtrics_responses) >= 3
    for survey_id, versions in company.qualtrics_responses.items():
        expected = {each["responseId"]: each for each in held(versions, server.clock.now)}
        assert {each["responseId"]: each for each in qualtrics.records[survey_id]} == expected
        assert len(qualtrics.records[survey_id]) == len(expected)


def test_the_client_of_qualtrics_specification_meets_the_refusals_of_its_vendor(qualtrics) -> None:
    assert qualtrics.records["refusals"] == [401, 404, 404]


@pytest.mark.parametrize("name", SALESFORCE_OBJECTS)
def test_simple_salesforce_reads_every_record_deleted_ones_too(salesforce, company, server, name) -> None:
    versions, now = company.salesforce[name], server.clock.now
    live, gone = held(versions, now), held(versions, now, ("archived", "merged"))
    expected = {each["Id"]: {**each, "IsDeleted": False} for each in live}
    expected |= {each["Id"]: {**each, "IsDeleted": True} for each in gone}
    assert {each["Id"]: each for each in salesforce.records[name]} == expected
    assert sorted(salesforce.records[f"live {name}"]) == sorted(each["Id"] for each in live)


@pytest.mark.parametrize("name", SALESFORCE_OBJECTS)
def test_simple_salesforce_reads_the_same_in_bulk(salesforce, name) -> None:
    def written(record: dict) -> dict[str, str]:
        """A record of REST as the CSV of a query job writes it."""
        return {field: in_csv(value) for field, value in record.items()}

    def in_csv(value: object) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        text = "" if value is None else str(value)
        return text.removesuffix("+0000") + "Z" if text.endswith(".000+0000") else text

    in_bulk = {each["Id"]: each for each in salesforce.records[f"{name} in bulk"]}
    assert in_bulk == {each["Id"]: written(each) for each in salesforce.records[name]}


def test_simple_salesforce_sees_its_refusals(salesforce) -> None:
    assert salesforce.records["refusals"] == [
        ["a wrong secret", "invalid_client"],
        ["no such field", 400, "INVALID_FIELD"],
    ]


@pytest.mark.parametrize("vendor", ["hubspot", "zendesk", "qualtrics", "salesforce"])
def test_every_answer_is_what_the_vendors_published_specification_says(vendor, request) -> None:
    reading = request.getfixturevalue(vendor)
    assert reading.misfits == {}
    assert reading.checked_bodies > 50
