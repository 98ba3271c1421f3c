"""The generated company's records as the vendors write them: every declared field, and links between systems."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pytest

from valuegap.demo.company import generate_company
from valuegap.demo.names import emails
from valuegap.demo.records import Company
from valuegap.demo.surveys import CUSTOMER_SURVEYS
from valuegap.sources import hubspot, qualtrics, zendesk
from valuegap.sources.stream import FieldType

END = datetime(2026, 3, 2, tzinfo=UTC)
STREAMS = {stream.name: stream for source in (hubspot, zendesk, qualtrics) for stream in source.STREAMS}


@pytest.fixture(scope="module")
def company() -> Company:
    return generate_company(seed=11, size="S", nights=30)


@pytest.fixture(scope="module")
def records(company) -> dict[str, list]:
    """All versions of everything, by stream."""
    versions = {
        **company.hubspot,
        **company.zendesk,
        "surveys": company.qualtrics_surveys,
        "survey_definitions": company.qualtrics_definitions,
    }
    rendered = {name: stream.render(stream.frame) for name, stream in versions.items()}
    for name, by_survey in (
        ("responses", company.qualtrics_responses),
        ("distributions", company.qualtrics_distributions),
        ("invitations", company.qualtrics_invitations),
        ("directory_contacts", company.qualtrics_contacts),
    ):
        rendered[name] = [
            record for versions in by_survey.values() for record in versions.render(versions.frame)
        ]
    return rendered


def value_at(record, path):
    for key in path.removeprefix("$.").split("."):
        if record is None:
            return None
        record = record.get(key)
    return record


def is_instant_or_day(value) -> bool:
    return len(value) == len("2026-01-31") or datetime.fromisoformat(value).tzinfo is not None


def is_decimal(value) -> bool:
    return abs(Decimal(value)) < Decimal(10) ** 12 and Decimal(value).as_tuple().exponent >= -6


FITS = {
    FieldType.TEXT: lambda value: isinstance(value, str | int) and not isinstance(value, bool),
    FieldType.INTEGER: lambda value: str(int(value)) == str(value),
    FieldType.DECIMAL: is_decimal,
    FieldType.BOOLEAN: lambda value: value in {True, False, "true", "false"},
    FieldType.TIMESTAMP: is_instant_or_day,
    FieldType.EPOCH_SECONDS: lambda value: isinstance(value, int),
    FieldType.JSON: lambda value: isinstance(value, list | dict),
}

SERVED = ("_companies", "_contacts", "_deals", "_ids", "pipelines", "properties", "deleted_tickets")
RECORD_STREAMS = [name for name in STREAMS if not name.endswith(SERVED)]  # the others are the servers' own
NEVER_SET = {
    *("tickets.external_id", "deals.hs_merged_object_ids"),
    *("products.archived_at", "line_items.archived_at", "distributions.parent_id"),
    "invitations.frequency_rule_id",
}


@pytest.mark.parametrize("name", RECORD_STREAMS)
def test_every_declared_field_parses_and_required_ones_are_there(records, name):
    for field in STREAMS[name].fields:
        values = [value_at(record, field.path) for record in records[name]]
        if field.required:
            assert None not in values, field.column
        present = [value for value in values if value is not None]
        assert all(FITS[field.type](value) for value in present), field.column
        assert bool(present) == (f"{name}.{field.column}" not in NEVER_SET), field.column


@pytest.mark.parametrize("name", RECORD_STREAMS)
def test_records_are_json_and_come_in_the_order_of_their_rows(company, records, name):
    assert json.loads(json.dumps(records[name])) == records[name]
    if name in company.hubspot:
        assert [int(record["id"]) for record in records[name]] == company.hubspot[name].frame["id"].tolist()


@pytest.mark.parametrize("name", ["contacts", "companies", "deals", "line_items", "products"])
def test_crm_properties_are_text_or_null(records, name):
    for record in records[name]:
        assert isinstance(record["id"], str)
        assert all(value is None or isinstance(value, str) for value in record["properties"].values())


def test_archived_records_say_since_when(company, records):
    frame = company.hubspot["contacts"].frame
    for state, record in zip(frame["state"], records["contacts"], strict=True):
        assert record["archived"] == (state == "archived")
        assert ("archivedAt" in record) == (state == "archived")


def test_a_page_says_the_same_as_the_whole(company, records):
    tickets = company.zendesk["tickets"]
    assert tickets.render(tickets.frame.iloc[40:60]) == records["tickets"][40:60]
    assert tickets.render(tickets.frame.iloc[:0]) == []


def test_answers_are_points_of_the_scale_their_question_offers(company):
    definitions = {
        record["SurveyID"]: record["Questions"]
        for record in company.qualtrics_definitions.render(company.qualtrics_definitions.current(END))
    }
    for survey, versions in company.qualtrics_responses.items():
        for record in versions.render(versions.current(END)):
            for key, value in record["values"].items():
                if key.startswith("QID"):
                    question = definitions[survey][key.removesuffix("_TEXT")]
                    is_text = question["QuestionType"] == "TE"
                    assert is_text == key.endswith("_TEXT") == isinstance(value, str)
                    assert is_text or str(value) in question["Choices"]


def test_ticket_survey_names_its_ticket_and_relationship_survey_an_order(company, records):
    tickets = {str(record["id"]) for record in records["tickets"]}
    orders = {record["properties"]["order_number"] for record in records["deals"]}
    for key, known in (("ticket_id", tickets), ("order_number", orders)):
        named = {record["values"].get(key) for record in records["responses"]} - {None}
        assert len(named) > 500
        assert named <= known


def test_returns_have_negative_quantities_on_deals_of_their_own(company):
    deals = company.hubspot["deals"].current(END)
    numbers = {
        record["id"]: record["properties"]["order_number"]
        for record in company.hubspot["deals"].render(deals)
    }
    lines = company.hubspot["line_items"].current(END)
    deal_of = company.associations["line_item_deals"].set_index("from_id")["to_id"]
    by_deal = defaultdict(list)
    for record_id, quantity in zip(lines["id"], lines["quantity"], strict=True):
        by_deal[numbers[str(deal_of[record_id])]].append(quantity)
    returns = {number for number in by_deal if number and number.startswith("RT-")}
    assert len(returns) > 50
    for number, quantities in by_deal.items():
        assert all((quantity < 0) == (number in returns) for quantity in quantities)


def test_care_contracts_and_nothing_else_run_for_a_year_from_their_order(company, records):
    closed_on = {each["id"]: each["properties"]["closedate"] for each in records["deals"]}
    deal_of = company.associations["line_item_deals"].set_index("from_id")["to_id"].to_dict()
    contracts = 0
    for line in records["line_items"]:
        properties = line["properties"]
        is_contract = properties["hs_sku"] == "SRV-3"
        assert properties["hs_recurring_billing_period"] == ("P12M" if is_contract else None)
        starts_on = properties["hs_recurring_billing_start_date"]
        assert bool(starts_on) == is_contract
        ordered_at = closed_on[str(deal_of[int(line["id"])])]
        if is_contract and ordered_at:
            contracts += 1
            assert starts_on == ordered_at[:10]
    assert contracts > 300


def test_subsidiaries_belong_to_enterprises_that_are_none_themselves(records):
    last = {each["id"]: each["properties"] for each in records["companies"]}
    parents = {number: each["hs_parent_company_id"] for number, each in last.items()}
    subsidiaries = [number for number, parent in parents.items() if parent]
    assert 20 <= len(subsidiaries) <= 80
    for number in subsidiaries:
        assert parents[parents[number]] is None
        assert last[parents[number]]["market_segment"] == "enterprise"
        assert last[number]["market_segment"] != "small_business"


# --- who is who -----------------------------------------------------------------------------------------


def keys_of(email, number) -> list[str]:
    keys = []
    if email:
        keys.append(f"email {email.strip().lower()}")
    if number:
        keys.append(f"number {number}")
    return keys


@pytest.fixture(scope="module")
def people(company) -> list[tuple[str, int, list[str]]]:
    """(system, true person, keys) of each record that carries an identity, without the duplicates."""
    contacts, users = company.hubspot["contacts"].current(END), company.zendesk["users"].current(END)
    contacts, users = contacts.drop_duplicates("person"), users[users["person"] >= 0]
    found = [
        ("hubspot", person, keys_of(record["properties"]["email"], record["properties"]["customer_number"]))
        for person, record in zip(
            contacts["person"], company.hubspot["contacts"].render(contacts), strict=True
        )
    ]
    found += [
        ("zendesk", person, keys_of(record["email"], record["external_id"]))
        for person, record in zip(users["person"], company.zendesk["users"].render(users), strict=True)
    ]
    for survey in CUSTOMER_SURVEYS:
        versions = company.qualtrics_responses[survey.id]
        rows = versions.current(END)
        for person, record in zip(rows["person"], versions.render(rows), strict=True):
            values = record["values"]
            keys = keys_of(values.get("recipientEmail"), values.get("externalDataReference"))
            found.append(("qualtrics", person, keys))
    return found


def components_of(people) -> dict[str, str]:
    """Join the keys that stand in one record: key -> one key of its component."""
    parent: dict[str, str] = {}

    def root(key):
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for _, _, keys in people:
        for key in keys[1:]:
            parent[root(key)] = root(keys[0])
    return {key: root(key) for _, _, keys in people for key in keys}


def test_no_two_people_share_a_key(people):
    component = components_of(people)
    persons = defaultdict(set)
    for _, person, keys in people:
        for key in keys:
            persons[component[key]].add(person)
    assert max(map(len, persons.values())) == 1


def test_everybody_known_to_crm_and_help_desk_is_one_component(people):
    component = components_of(people)
    systems, found = defaultdict(set), defaultdict(set)
    for system, person, keys in people:
        if keys:
            systems[person].add(system)
            found[person].add(component[keys[0]])
    known_to_both = [person for person, where in systems.items() if {"hubspot", "zendesk"} <= where]
    assert len(known_to_both) > 500
    assert all(len(found[person]) == 1 for person in known_to_both)


def test_some_links_need_a_third_system(people):
    keys = defaultdict(lambda: defaultdict(set))
    for system, person, its_keys in people:
        keys[person][system] |= set(its_keys)
    links = [
        next(iter(by_system["hubspot"] & by_system["zendesk"]))
        for by_system in keys.values()
        if by_system.keys() == {"hubspot", "zendesk", "qualtrics"}
        and by_system["qualtrics"]
        and not by_system["hubspot"] & by_system["qualtrics"]
    ]
    assert sum(link.startswith("email") for link in links) > 10
    assert sum(link.startswith("number") for link in links) > 10


def test_some_people_are_in_no_crm_and_some_answers_are_anonymous(people):
    in_crm = {person for system, person, _ in people if system == "hubspot"}
    assert 20 < len({person for system, person, _ in people if system == "zendesk"} - in_crm) < 200
    assert sum(system == "qualtrics" and not keys for system, _, keys in people) > 20


def test_colleagues_of_the_same_name_have_addresses_of_their_own():
    namesakes = pd.DataFrame(
        {
            "person": [4, 5, 6],
            "account": [1, 1, 2],
            "ordinal": [0, 1, 0],
            "first_name": [3, 3, 3],
            "last_name": [3, 3, 3],
        }
    )
    for style in range(5):
        assert len(set(emails(namesakes.assign(email_style=style)))) == 3


def test_addresses_are_written_in_more_than_one_way(people, company):
    contacts = company.hubspot["contacts"]
    written = [record["properties"]["email"] for record in contacts.render(contacts.current(END))]
    written = [email for email in written if email]
    assert any(email != email.strip() for email in written)
    assert any(email.isupper() for email in written)
    assert any(email.islower() for email in written)
