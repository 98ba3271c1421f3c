"""The facts of the real files hold through the vendors' protocols."""

import io
import json
import statistics
import zipfile
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import orjson
import pytest

from valuegap.demo.real import load_real_company
from valuegap.demo.server import UNLIMITED, serve
from valuegap.errors import ConfigurationError

ALL_KNOWN = date(2014, 1, 31)


@pytest.fixture(scope="module")
def company(shared_data):
    return load_real_company(shared_data)


@pytest.fixture(scope="module")
def server(company):
    with serve(company, as_of=ALL_KNOWN, speed=UNLIMITED) as running:
        yield running


@pytest.fixture(scope="module")
def hubspot(server, call):
    return call(server, "hubspot")


def objects_of(hubspot, name, properties):
    """Return id -> properties of every object search finds, paged by key."""
    found, last = {}, "0"
    while True:
        filters = [{"propertyName": "hs_object_id", "operator": "GT", "value": last}]
        body = {"filterGroups": [{"filters": filters}], "limit": 200, "properties": properties}
        results = orjson.loads(hubspot.post(f"/crm/v3/objects/{name}/search", body).content)["results"]
        if not results:
            return found
        for result in results:
            assert result["id"] not in found
            found[result["id"]] = result["properties"]
        last = results[-1]["id"]


def associated(hubspot, from_type, to_type, ids):
    """Return id -> id of the one object it is associated with."""
    targets = {}
    for first in range(0, len(ids), 1000):
        inputs = [{"id": each} for each in ids[first : first + 1000]]
        answer = hubspot.post(f"/crm/v4/associations/{from_type}/{to_type}/batch/read", {"inputs": inputs})
        for result in answer.json()["results"]:
            [target] = result["to"]
            targets[result["from"]["id"]] = str(target["toObjectId"])
    return targets


@pytest.fixture(scope="module")
def deals(hubspot):
    return objects_of(
        hubspot, "deals", ["order_number", "closedate", "dealstage", "deal_currency_code", "amount"]
    )


def test_every_invoice_is_a_won_deal_at_the_time_of_its_first_line(deals, shared_data):
    assert len(deals) == 25_900
    assert {deal["dealstage"] for deal in deals.values()} == {"closedwon"}
    assert {deal["deal_currency_code"] for deal in deals.values()} == {"GBP"}
    first_lines = duckdb.sql(
        f"""
        select InvoiceNo, strftime(arg_min(InvoiceDate, file_row_number), '%Y-%m-%dT%H:%M:%SZ')
        from read_parquet('{shared_data / "online_retail.parquet"}', file_row_number = true) group by InvoiceNo
        """
    ).fetchall()
    assert {deal["order_number"]: deal["closedate"] for deal in deals.values()} == dict(first_lines)
    assert deals["300000001"]["order_number"] == "536365"
    assert deals["300000001"]["amount"] == "139.12"
    assert min(deal["closedate"] for deal in deals.values()) == "2010-12-01T08:26:00Z"
    assert max(deal["closedate"] for deal in deals.values()) == "2011-12-09T12:50:00Z"


@pytest.mark.slow
def test_every_line_is_a_line_item_and_the_cleaning_rule_gives_the_known_revenue(company, hubspot, deals):
    lines = objects_of(hubspot, "line_items", ["quantity", "price", "hs_sku", "name", "hs_position_on_quote"])
    assert len(lines) == 541_909
    assert all(type(value) is str for value in lines["400000001"].values() if value is not None)
    assert len({line["hs_sku"] for line in lines.values()}) == 4070
    assert sum(line["name"] is None for line in lines.values()) == 1454

    links = company.associations["line_item_deals"]  # 542 requests take as long as all the lines
    deal_of = dict(zip(links["from_id"].astype(str), links["to_id"].astype(str), strict=True))
    some = list(lines)[::100]
    assert associated(hubspot, "line_items", "deals", some) == {line_id: deal_of[line_id] for line_id in some}
    company_of = associated(hubspot, "deals", "companies", list(deals))
    assert deal_of.keys() == lines.keys()
    positions = defaultdict(list)
    for line_id, line in lines.items():
        positions[deal_of[line_id]].append(int(line["hs_position_on_quote"]))
    assert positions.keys() == deals.keys()
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in positions.values())

    amounts = {line_id: int(line["quantity"]) * Decimal(line["price"]) for line_id, line in lines.items()}
    assert round(sum(amounts.values()), 2) == Decimal("9747747.93")
    clean = [
        line_id
        for line_id, line in lines.items()
        if int(line["quantity"]) > 0 and Decimal(line["price"]) > 0 and deal_of[line_id] in company_of
    ]
    assert len(clean) == 397_884
    assert len({company_of[deal_of[line_id]] for line_id in clean}) == 4338
    assert round(sum(amounts[line_id] for line_id in clean), 2) == Decimal("8911407.90")


def test_customers_are_companies_with_one_contact_each(hubspot):
    companies = objects_of(hubspot, "companies", ["customer_number", "country"])
    contacts = objects_of(hubspot, "contacts", ["customer_number", "country", "email"])
    assert len(companies) == len(contacts) == 4372
    company_of = associated(hubspot, "contacts", "companies", list(contacts))
    for contact_id, contact in contacts.items():
        number = contact["customer_number"].removeprefix("P-")
        assert contact["email"] == f"customer-{number}@example.com"
        assert companies[company_of[contact_id]]["customer_number"] == f"C-{number}"
        assert companies[company_of[contact_id]]["country"] == contact["country"]


def test_stock_codes_are_products_with_what_their_lines_tell(hubspot, shared_data):
    products = objects_of(hubspot, "products", ["hs_sku", "name", "price"])
    told = duckdb.sql(
        f"""
        select StockCode, count(Description) > 0, count(*) filter (where UnitPrice > 0) > 0
        from '{shared_data / "online_retail.parquet"}' group by StockCode
        """
    ).fetchall()
    assert len(told) == 4070
    assert {p["hs_sku"]: (p["name"] is not None, p["price"] is not None) for p in products.values()} == {
        code: (has_name, has_price) for code, has_name, has_price in told
    }
    assert any(not has_name for _, has_name, _ in told)
    [lantern] = [product for product in products.values() if product["hs_sku"] == "71053"]
    assert (lantern["name"], lantern["price"]) == ("WHITE METAL LANTERN", "3.39")


@pytest.fixture(scope="module")
def zendesk(server, call):
    return call(server, "zendesk")


@pytest.fixture(scope="module")
def tickets(zendesk):
    found, params = [], {"start_time": 0, "include": "metric_sets"}
    while True:
        body = zendesk.get("/api/v2/incremental/tickets/cursor.json", **params).json()
        found += body["tickets"]
        if body["end_of_stream"]:
            return found
        params = {"cursor": body["after_cursor"], "include": "metric_sets"}


@pytest.fixture(scope="module")
def events(zendesk):
    found, url, params = {}, "/api/v2/incremental/ticket_events.json", {"start_time": 0}
    while True:
        body = zendesk.get(url, **params).json()
        found |= {event["id"]: event for event in body["ticket_events"]}
        if body["end_of_stream"]:
            return list(found.values())
        url, params = body["next_page"], {}


def test_every_case_is_a_ticket_of_a_customer(zendesk, tickets):
    assert len({ticket["id"] for ticket in tickets}) == len(tickets) == 4580
    users = {user["id"]: user for user in _users(zendesk)}
    assert Counter(user["role"] for user in users.values())["agent"] == 22
    body = zendesk.get("/api/v2/incremental/organizations.json", start_time=0, per_page=1000).json()
    assert body["count"] == 1000
    for ticket in tickets:
        requester = users[ticket["requester_id"]]
        assert requester["role"] == "end-user"
        assert requester["external_id"].startswith("P-")
        assert requester["organization_id"] == ticket["organization_id"]
        assert users[ticket["assignee_id"]]["role"] == "agent"
    assert min(ticket["created_at"] for ticket in tickets).startswith("2010-01-13")


def _users(zendesk):
    params = {"start_time": 0}
    while True:
        body = zendesk.get("/api/v2/incremental/users/cursor.json", **params).json()
        yield from body["users"]
        if body["end_of_stream"]:
            return
        params = {"cursor": body["after_cursor"]}


def test_every_event_is_a_ticket_event_and_resolution_takes_the_known_time(events):
    assert len(events) == 21_348
    first, solved = {}, {}
    for event in sorted(events, key=lambda event: (event["timestamp"], event["id"])):
        ticket_id = event["ticket_id"]
        if ticket_id not in first:
            assert event["child_events"][0]["event_type"] == "Create"
            assert event["child_events"][0]["status"] == "new"
            first[ticket_id] = event["timestamp"]
        for child in event["child_events"]:
            if child["event_type"] == "Change" and child["status"] == "solved":
                solved.setdefault(ticket_id, []).append(event["timestamp"])
    hours = [(times[0] - first[ticket_id]) / 3600 for ticket_id, times in solved.items()]
    assert len(first) == 4580
    assert len(hours) == 4569
    assert round(statistics.median(hours), 3) == 143.534
    assert round(statistics.mean(hours), 3) == 266.939
    assert sum(len(times) > 1 for times in solved.values()) == 386


def test_events_say_what_the_ticket_was_before(events):
    status = {}
    for event in sorted(events, key=lambda event: (event["timestamp"], event["id"])):
        for child in event["child_events"]:
            if child["event_type"] == "Change":
                assert child["previous_value"] == status[event["ticket_id"]]
            status[event["ticket_id"]] = child["status"]
    assert set(status.values()) <= {"new", "open", "pending", "solved", "closed"}


def test_metric_sets_agree_with_the_events(tickets, events):
    minutes, created = {}, {}
    for event in sorted(events, key=lambda event: (event["timestamp"], event["id"])):
        created.setdefault(event["ticket_id"], event["timestamp"])
        if any(c["event_type"] == "Change" and c["status"] == "solved" for c in event["child_events"]):
            minutes.setdefault(event["ticket_id"], (event["timestamp"] - created[event["ticket_id"]]) / 60)
    for ticket in tickets:
        calendar = ticket["metric_set"]["first_resolution_time_in_minutes"]["calendar"]
        if ticket["id"] in minutes:
            assert abs(calendar - minutes[ticket["id"]]) <= 0.5
        else:
            assert calendar is None


def _noon(month, day):
    return datetime(2012, month, day, 12, tzinfo=UTC)


def test_a_ticket_was_open_before_it_was_closed(company):
    versions = company.zendesk["tickets"]
    statuses = {}
    for moment in (_noon(10, 10), _noon(10, 26), _noon(11, 10)):
        current = versions.current(moment)
        [case] = versions.render(current[current["id"] == 1])
        statuses[moment.month, moment.day] = case["status"]
    assert statuses == {(10, 10): "open", (10, 26): "solved", (11, 10): "closed"}


def test_every_respondent_is_a_response_with_the_published_means(server, call):
    qualtrics = call(server, "qualtrics")
    [survey] = qualtrics.get("/API/v3/surveys").json()["result"]["elements"]
    questions = qualtrics.get(f"/API/v3/survey-definitions/{survey['id']}").json()["result"]["Questions"]
    tags = {question_id: question["DataExportTag"] for question_id, question in questions.items()}
    assert len(tags) == 24
    exports = f"/API/v3/surveys/{survey['id']}/export-responses"
    progress = qualtrics.post(exports, {"format": "ndjson"}).json()["result"]["progressId"]
    while (result := qualtrics.get(f"{exports}/{progress}").json()["result"])["status"] != "complete":
        pass
    with zipfile.ZipFile(io.BytesIO(qualtrics.get(f"{exports}/{result['fileId']}/file").content)) as archive:
        responses = [json.loads(line) for line in archive.read(archive.namelist()[0]).splitlines()]
    assert len(responses) == 250
    values = [response["values"] for response in responses]
    answers = [{tags[key]: value[key] for key in tags} for value in values]
    expectation = statistics.mean(answer[f"CUEX{n}"] for answer in answers for n in (1, 2, 3))
    quality = statistics.mean(answer[f"PERQ{n}"] for answer in answers for n in range(1, 8))
    assert (round(expectation, 6), round(quality, 6)) == (7.512, 7.713143)
    assert values[0]["recordedDate"] == "2011-12-09T08:01:00Z"
    assert values[249]["recordedDate"] == "2011-12-09T12:10:00Z"
    people = {(value["recipientEmail"], value["externalDataReference"]) for value in values}
    assert len(people) == 250


def test_people_are_shared_by_the_documented_rule(company):
    from hashlib import sha256

    contacts = company.hubspot["contacts"]
    customers = sorted(
        int(contact["properties"]["customer_number"].removeprefix("P-"))
        for contact in contacts.render(contacts.frame)
    )
    digest = sha256(b"ticket:41").digest()
    expected = customers[int.from_bytes(digest[:8], "big") % 4372]
    tickets = company.zendesk["tickets"]
    [case] = tickets.render(tickets.frame[tickets.frame["id"] == 42].iloc[:1])
    users = company.zendesk["users"]
    [user] = users.render(users.frame[users.frame["id"] == case["requester_id"]])
    assert user["external_id"] == f"P-{expected}"

    responses = company.qualtrics_responses["SV_ecsimobile01"]
    first = responses.render(responses.frame.iloc[:3])
    by_digest = sorted(customers, key=lambda customer: sha256(f"survey:{customer}".encode()).digest())
    assert [r["values"]["externalDataReference"] for r in first] == [f"P-{c}" for c in by_digest[:3]]


def test_a_missing_file_and_a_missing_column_say_so(shared_data, tmp_path):
    with pytest.raises(ConfigurationError, match=r"online_retail\.parquet is missing"):
        load_real_company(tmp_path)
    for name in ("online_retail.parquet", "helpdesk_events.csv"):
        (tmp_path / name).symlink_to(shared_data / name)
    (tmp_path / "ecsi_mobile.csv").write_text("CUEX1,CUEX2\n7,8\n")
    with pytest.raises(ConfigurationError, match=r"ecsi_mobile\.csv has no column CUEX3"):
        load_real_company(tmp_path)
