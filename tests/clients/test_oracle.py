"""Clients that this project did not write agree with the oracle on ten nights of trouble.

The oracle computes from the log of what happened what a vendor shows of every record; the client reads the
emulator that serves the same log. Poisoned versions are left out: the clients stumble over them.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.clients.reading import Reading, read_with_client
from tests.oracle import hubspot_truth, qualtrics_truth, salesforce_truth, zendesk_truth
from tests.oracle.history import FIRST, NIGHTS, midnight
from tests.oracle.hubspot_history import hubspot_history
from tests.oracle.oracle import GONE, Column, lives, why_quarantined, wire_text
from tests.oracle.qualtrics_history import qualtrics_history
from tests.oracle.salesforce_history import salesforce_history
from tests.oracle.zendesk_history import zendesk_history

from valuegap.demo.clock import AFTER_MIDNIGHT
from valuegap.demo.mutation_log import Mutation, company_of
from valuegap.demo.server import DEMO_TOKENS, UNLIMITED, serve

pytestmark = pytest.mark.slow

NOW = midnight(NIGHTS) + AFTER_MIDNIGHT
AS_OF = FIRST + timedelta(days=NIGHTS - 1)
HIDDEN = timedelta(seconds=60)
NO_END = datetime.max.replace(tzinfo=UTC)
Log = Sequence[Mutation]


def without_poison(log: Log, columns: Mapping[str, Mapping[str, Column]]) -> Log:
    """Return the log without the versions of the named streams that belong into quarantine."""
    return [each for each in log if why_quarantined(each, columns.get(each.stream, {}).values()) is None]


def shown(log: Log, stream: str, instant: datetime, gone: frozenset[str] = GONE) -> dict[str, Mutation]:
    """Return what the vendor shows of each record of a stream at an instant."""
    last = {life.id: life.shown(instant, NO_END) for life in lives(log, stream)}
    return {record_id: each for record_id, each in last.items() if each is not None and each.op not in gone}


def read(log: Log, vendor: str, *secrets: str) -> Reading:
    with serve(company_of(log), as_of=AS_OF, speed=UNLIMITED) as server:
        return read_with_client(server, vendor, *secrets)


@pytest.fixture(scope="module")
def hubspot_log() -> Log:
    return without_poison(hubspot_history(seed=21), hubspot_truth.OBJECTS)


@pytest.fixture(scope="module")
def hubspot(hubspot_log) -> Reading:
    return read(hubspot_log, "hubspot", DEMO_TOKENS.hubspot)


@pytest.mark.parametrize("stream", ["contacts", "companies", "deals", "line_items", "products"])
def test_hubspots_own_client_finds_what_the_oracle_says_is_shown(hubspot, hubspot_log, stream) -> None:
    expected = {
        record_id: (mutation.op == "archive", texts(json.loads(wire_text(mutation))["properties"]))
        for record_id, mutation in shown(hubspot_log, stream, NOW).items()
    }
    assert expected
    assert {each["id"]: found(each, expected) for each in hubspot.records[stream]} == expected


def texts(properties: Mapping[str, Any]) -> dict[str, str]:
    """Return what is filled: a property is a text, and the client makes one of whatever is sent."""
    return {name: str(value) for name, value in properties.items() if value is not None}


def found(record: Mapping[str, Any], expected: Mapping[str, tuple[bool, Mapping[str, Any]]]) -> Any:
    """Return what the client found of a record: of its properties those the oracle speaks of."""
    names = expected[record["id"]][1] if record["id"] in expected else {}
    return record["archived"], {name: record["properties"].get(name) for name in names}


@pytest.fixture(scope="module")
def zendesk_log() -> Log:
    return without_poison(zendesk_history(seed=22), zendesk_truth.STREAMS)


@pytest.fixture(scope="module")
def zendesk(zendesk_log) -> Reading:
    return read(zendesk_log, "zendesk", DEMO_TOKENS.zendesk_email, DEMO_TOKENS.zendesk)


@pytest.mark.parametrize("stream", ["users", "organizations", "tickets", "ticket_events"])
def test_zenpy_finds_what_the_oracle_says_is_shown(zendesk, zendesk_log, stream) -> None:
    expected = {
        int(record_id): mutation.record
        for record_id, mutation in shown(zendesk_log, stream, NOW - HIDDEN).items()
    }
    assert expected
    assert {each["id"] for each in zendesk.records[stream]} == expected.keys()
    for each in zendesk.records[stream]:
        record = expected[each["id"]]
        names = (
            "updated_at",
            "generated_timestamp",
            "status",
            "email",
            "tags",
            "custom_fields",
            "child_events",
        )
        assert {name: each.get(name) for name in names} == {name: record.get(name) for name in names}


@pytest.fixture(scope="module")
def qualtrics_log() -> Log:
    return without_poison(qualtrics_history(seed=23), qualtrics_truth.STREAMS)


def test_the_client_of_qualtrics_specification_finds_what_the_oracle_says_is_shown(qualtrics_log) -> None:
    surveys = sorted(shown(qualtrics_log, "surveys", NOW))
    reading = read(qualtrics_log, "qualtrics", DEMO_TOKENS.qualtrics, *surveys)
    responses = shown(qualtrics_log, "responses", NOW).values()
    for survey_id in surveys:
        expected = {each.id: each.record for each in responses if each.context["survey_id"] == survey_id}
        assert expected
        assert {each["responseId"]: each for each in reading.records[survey_id]} == expected


@pytest.fixture(scope="module")
def salesforce_log() -> Log:
    columns = {name: columns for name, (_, columns) in salesforce_truth.OBJECTS.items()}
    return without_poison(salesforce_history(seed=24), columns)


@pytest.fixture(scope="module")
def salesforce(salesforce_log) -> Reading:
    return read(salesforce_log, "salesforce", DEMO_TOKENS.salesforce_app, DEMO_TOKENS.salesforce, *OBJECTS)


OBJECTS = ("Account", "Contact", "Opportunity", "OpportunityLineItem", "Product2", "User")


@pytest.mark.parametrize("name", OBJECTS)
def test_simple_salesforce_finds_what_the_oracle_says_is_shown(salesforce, salesforce_log, name) -> None:
    # A merged record is in the recycle bin like any deleted one; only a purged one is gone.
    last = shown(salesforce_log, name, NOW, gone=frozenset({"purge"}))
    expected = {
        record_id: (each.op in {"delete", "merge"}, json.loads(wire_text(each)))
        for record_id, each in last.items()
    }
    found = {each["Id"]: each for each in salesforce.records[name]}
    assert expected
    assert {
        record_id: (each["IsDeleted"], {field: each[field] for field in expected[record_id][1]})
        for record_id, each in found.items()
        if record_id in expected
    } == expected
    assert found.keys() == expected.keys()
    assert sorted(salesforce.records[f"live {name}"]) == sorted(
        record_id for record_id, (is_deleted, _) in expected.items() if not is_deleted
    )
    assert {each["Id"] for each in salesforce.records[f"{name} in bulk"]} == expected.keys()
