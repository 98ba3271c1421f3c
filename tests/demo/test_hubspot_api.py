import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from valuegap.demo.faults import ArmedFault
from valuegap.demo.hubspot_catalogue import OBJECT_TYPES
from valuegap.demo.hubspot_oauth import OAUTH_APP
from valuegap.demo.tokens import demo_connections
from valuegap.landing import Landing
from valuegap.night import Night
from valuegap.settings import Settings
from valuegap.sources.extract import extract_source
from valuegap.sources.hubspot import HUBSPOT, STREAMS
from valuegap.sources.stream import Field

DEALS = "/crm/v3/objects/deals"
JANUARY = 1_767_225_600_000  # 2026-01-01 in epoch milliseconds
DAY = 86_400_000


def record(row):
    at = f"{row.updated_at.isoformat()}Z"
    return {
        "id": str(row.id),
        "properties": dict(getattr(row, "properties", None) or {}),
        "createdAt": at,
        "updatedAt": at,
        "archived": row.state == "archived",
        **({"archivedAt": f"{row.visible_at.isoformat()}Z"} if row.state == "archived" else {}),
    }


def deal(number, day=1, **properties):
    return {"id": number, "updated_at": f"2026-01-{day:02d}", "properties": properties}


def one_filter(name, operator, value=None, **more):
    condition = {"propertyName": name, "operator": operator, "value": value, **more}
    return {"filterGroups": [{"filters": [condition]}], "limit": 200}


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [int(found["id"]) for found in answer.json()["results"]]


@pytest.fixture
def deals(served, call, company_of, versions):
    """Return a function that serves the given deals and calls HubSpot."""

    def serve(*rows, **options):
        server = served(company_of(hubspot={"deals": versions(list(rows), record)}), **options)
        return server, call(server, "hubspot")

    return serve


def keyset_pages(hubspot, limit, *conditions):
    last, pages = 0, []
    while True:
        filters = [*conditions, {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)}]
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "limit": limit,
        }
        page = ids(hubspot.post(f"{DEALS}/search", body))
        if not page:
            return pages
        assert page[0] > last
        pages.append(page)
        last = page[-1]


@pytest.mark.parametrize("limit", [1, 7, 22, 23, 24, 200])
def test_keyset_paging_returns_each_record_once_in_order(deals, limit):
    numbers = [3 * n + 1 for n in range(23)]
    _, hubspot = deals(*[deal(number) for number in numbers])
    pages = keyset_pages(hubspot, limit)
    assert [number for page in pages for number in page] == numbers
    assert {len(page) for page in pages[:-1]} <= {limit}


def test_keyset_paging_keeps_to_its_window(deals):
    _, hubspot = deals(*[deal(day, day) for day in range(1, 29)])
    window = [
        {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(JANUARY + 9 * DAY)},
        {"propertyName": "hs_lastmodifieddate", "operator": "LT", "value": str(JANUARY + 19 * DAY)},
    ]
    pages = keyset_pages(hubspot, 4, *window)
    assert [number for page in pages for number in page] == list(range(10, 20))
    other = [{**window[0], "value": str(JANUARY + 25 * DAY)}]
    assert keyset_pages(hubspot, 4, *other) == [[26, 27, 28]]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("amount", "GT", "20"), [3, 4]),
        (("amount", "GTE", "20"), [2, 3, 4]),
        (("amount", "LT", "20"), [1]),
        (("amount", "LTE", "20"), [1, 2]),
        (("amount", "EQ", "20.0"), [2]),
        (("amount", "NEQ", "20"), [1, 3, 4, 5]),
        (("amount", "HAS_PROPERTY"), [1, 2, 3, 4]),
        (("amount", "NOT_HAS_PROPERTY"), [5]),
        (("dealstage", "EQ", "ClosedWon"), [1, 2]),
        (("hs_object_id", "EQ", "4"), [4]),
        (("hs_object_id", "GTE", "4"), [4, 5]),
        (("hs_lastmodifieddate", "LTE", "2026-01-02T00:00:00Z"), [1, 2]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_operators(deals, condition, expected):
    rows = [deal(n, n, amount=str(10 * n), dealstage="closedwon" if n < 3 else "open") for n in range(1, 5)]
    _, hubspot = deals(*rows, deal(5, 5))
    assert ids(hubspot.post(f"{DEALS}/search", one_filter(*condition))) == expected


def test_between_includes_both_ends_and_in_takes_several_values(deals):
    _, hubspot = deals(*[deal(n, n, amount=str(n)) for n in range(1, 9)])
    between = one_filter(
        "hs_lastmodifieddate", "BETWEEN", str(JANUARY + 2 * DAY), highValue=str(JANUARY + 4 * DAY)
    )
    assert ids(hubspot.post(f"{DEALS}/search", between)) == [3, 4, 5]
    assert ids(hubspot.post(f"{DEALS}/search", one_filter("amount", "IN", values=["2", "7"]))) == [2, 7]
    assert ids(hubspot.post(f"{DEALS}/search", one_filter("amount", "NOT_IN", values=["2", "7"])))[:2] == [
        1,
        3,
    ]


def test_groups_are_alternatives_and_sorts_go_both_ways(deals):
    _, hubspot = deals(*[deal(n, 10 - n, amount=str(n)) for n in range(1, 6)])
    groups = one_filter("amount", "EQ", "5")["filterGroups"] + one_filter("amount", "LT", "3")["filterGroups"]
    sort = [{"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}]
    assert ids(hubspot.post(f"{DEALS}/search", {"filterGroups": groups, "sorts": sort})) == [5, 2, 1]
    assert ids(hubspot.post(f"{DEALS}/search", {"filterGroups": groups, "sorts": ["-hs_object_id"]})) == [
        5,
        2,
        1,
    ]
    assert ids(hubspot.post(f"{DEALS}/search", {"sorts": ["-hs_object_id"], "limit": 2})) == [5, 4]


def test_search_answers_only_what_is_asked_and_ignores_unknown_properties(deals):
    _, hubspot = deals(deal(1, dealname="Desks", order_number="A1", amount="5"))
    asked = hubspot.post(f"{DEALS}/search", {"properties": ["order_number", "delivered_at", "no_such"]})
    always = {"createdate", "hs_lastmodifieddate", "hs_object_id"}
    properties = asked.json()["results"][0]["properties"]
    assert properties.keys() == {"order_number", "delivered_at"} | always
    assert properties["delivered_at"] is None
    assert properties["hs_object_id"] == "1"
    default = hubspot.post(f"{DEALS}/search", {}).json()["results"][0]["properties"]
    assert default.keys() == {"amount", "closedate", "dealname", "dealstage", "pipeline"} | always


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"limit": 201}, "201"),
        ({"limit": 0}, "0"),
        ({"limit": "many"}, "many"),
        ({"after": "x"}, "after"),
        ({"filterGroups": [{"filters": []}] * 6}, "5 filter groups"),
        (one_filter("no_such", "EQ", "1"), "no_such"),
        (one_filter("amount", "LIKE", "1"), "LIKE"),
        (one_filter("amount", "BETWEEN", "1"), "BETWEEN"),
        (one_filter("amount", "GT", "much"), "much"),
        (one_filter("dealname", "GT", "a"), "text"),
        (one_filter("hs_object_id", "GT", "x"), "'x'"),
        ({"sorts": ["amount", "dealname"]}, "one sort"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused_in_hubspots_words(deals, body, complaint):
    _, hubspot = deals(deal(1, amount="1", dealname="Desks"))
    answer = hubspot.post(f"{DEALS}/search", body)
    assert answer.status_code == 400
    assert answer.json().keys() == {"status", "message", "correlationId", "category"}
    assert answer.json()["status"] == "error"
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert complaint in answer.json()["message"]


def test_offset_paging_ends_at_ten_thousand_results(deals):
    _, hubspot = deals(*[deal(n) for n in range(1, 10_051)])
    body = {"limit": 200, "after": "9800"}
    last_allowed = hubspot.post(f"{DEALS}/search", body)
    assert ids(last_allowed)[-1] == 10_000
    assert last_allowed.json()["total"] == 10_050
    assert last_allowed.json()["paging"]["next"]["after"] == "10000"
    beyond = hubspot.post(f"{DEALS}/search", {**body, "after": "10000"})
    assert beyond.status_code == 400
    assert "10000" in beyond.json()["message"]
    by_key = hubspot.post(f"{DEALS}/search", one_filter("hs_object_id", "GT", "10000"))
    assert ids(by_key) == list(range(10_001, 10_051))


@pytest.mark.parametrize("limit", [1, 3, 10, 100])
def test_list_pages_return_each_record_once(deals, limit):
    numbers = list(range(5, 16))
    _, hubspot = deals(*[deal(number) for number in numbers])
    seen, url, params = [], DEALS, {"limit": limit}
    while url:
        answer = hubspot.get(url, **params)
        seen += ids(answer)
        assert len(seen) <= len(numbers)
        url, params = answer.json().get("paging", {}).get("next", {}).get("link"), {}
    assert seen == numbers


def test_list_has_no_more_than_a_hundred(deals):
    _, hubspot = deals(deal(1))
    assert hubspot.get(DEALS, limit=101).status_code == 400


@pytest.mark.parametrize("spelling", ["true", "True"])
def test_archived_records_are_only_in_the_archived_list_and_keep_their_time(deals, spelling):
    rows = [deal(1), deal(2), {**deal(2), "visible_at": "2026-01-20", "state": "archived"}]
    _, hubspot = deals(*rows)
    assert ids(hubspot.post(f"{DEALS}/search", {})) == [1]
    assert ids(hubspot.get(DEALS)) == [1]
    archived = hubspot.get(DEALS, archived=spelling)
    assert ids(archived) == [2]
    assert archived.json()["results"][0]["updatedAt"] == "2026-01-01T00:00:00Z"
    assert archived.json()["results"][0]["archivedAt"] == "2026-01-20T00:00:00Z"


def test_archived_records_are_gone_after_ninety_days(deals):
    row = {**deal(1), "visible_at": "2026-01-20", "state": "archived"}
    server, hubspot = deals(row)
    server.clock.move_to(date(2026, 4, 18))
    assert ids(hubspot.get(DEALS, archived="true")) == [1]
    server.clock.move_to(date(2026, 4, 20))
    assert ids(hubspot.get(DEALS, archived="true")) == []


def test_merged_records_are_gone_without_a_trace_but_on_the_winner(deals):
    rows = [deal(1), deal(2), {**deal(2, 20), "state": "merged"}, deal(1, 20, hs_merged_object_ids="2")]
    _, hubspot = deals(*rows)
    found = hubspot.post(f"{DEALS}/search", {"properties": ["hs_merged_object_ids"]})
    assert ids(found) == [1]
    assert found.json()["results"][0]["properties"]["hs_merged_object_ids"] == "2"
    assert ids(hubspot.get(DEALS, archived="true")) == []


def test_records_deleted_for_good_are_in_no_answer(deals):
    rows = [deal(1), deal(2), {**deal(2), "visible_at": "2026-01-20", "state": "deleted"}]
    _, hubspot = deals(*rows)
    assert ids(hubspot.post(f"{DEALS}/search", {})) == ids(hubspot.get(DEALS)) == [1]
    assert ids(hubspot.get(DEALS, archived="true")) == []


def test_a_restored_record_is_live_again_under_its_old_time(deals):
    archived = {**deal(1), "visible_at": "2026-01-20", "state": "archived"}
    server, hubspot = deals(deal(1), archived, {**deal(1), "visible_at": "2026-02-01T06:00"})
    assert ids(hubspot.get(DEALS, archived="true")) == [1]
    server.clock.move_to(date(2026, 2, 1))
    assert ids(hubspot.get(DEALS, archived="true")) == []
    (found,) = hubspot.get(DEALS).json()["results"]
    assert found["updatedAt"] == "2026-01-01T00:00:00Z"
    assert "archivedAt" not in found


def test_a_ticking_clock_shows_what_changes_while_somebody_pages(deals):
    late = {**deal(5), "visible_at": "2026-02-01T00:05:02"}
    server, hubspot = deals(*[deal(n) for n in range(1, 5)], late)
    server.clock.tick = timedelta(seconds=1)
    assert ids(hubspot.get(DEALS)) == [1, 2, 3, 4]
    assert ids(hubspot.get(DEALS)) == [1, 2, 3, 4, 5]


def test_search_lags_behind_the_lists_while_that_is_armed(deals):
    changed = {**deal(1, 31, amount="2"), "updated_at": "2026-01-31T20:00", "visible_at": "2026-01-31T20:00"}
    server, hubspot = deals(deal(1, amount="1"), changed, {**deal(2, 31), "visible_at": "2026-01-31T23:00"})
    server.faults.arm(ArmedFault("hubspot_index_lag", "hubspot"))
    behind = hubspot.post(f"{DEALS}/search", {"properties": ["amount"]})
    assert [(each["id"], each["properties"]["amount"]) for each in behind.json()["results"]] == [("1", "1")]
    assert behind.json()["total"] == 1
    assert ids(hubspot.get(DEALS)) == [1, 2]
    assert ids(hubspot.post(f"{DEALS}/search", {})) == [1, 2]


def test_a_batch_names_the_records_it_has_not(deals):
    rows = [deal(1, amount="5"), deal(2), {**deal(3), "visible_at": "2026-01-20", "state": "archived"}]
    _, hubspot = deals(*rows)
    inputs = [{"id": "3"}, {"id": "1"}]
    answer = hubspot.post(f"{DEALS}/batch/read", {"inputs": inputs, "properties": ["amount"]})
    assert answer.status_code == 207
    assert [(each["id"], each["properties"]["amount"]) for each in answer.json()["results"]] == [("1", "5")]
    assert answer.json()["errors"][0]["context"] == {"ids": ["3"]}
    archived = hubspot.post(f"{DEALS}/batch/read?archived=true", {"inputs": inputs[:1]})
    assert ids(archived) == [3]
    too_many = {"inputs": [{"id": str(each)} for each in range(101)]}
    assert hubspot.post(f"{DEALS}/batch/read", too_many).status_code == 400


def test_a_url_of_sixteen_thousand_characters_is_refused_by_the_edge(deals):
    _, hubspot = deals(deal(1))
    assert hubspot.get(DEALS, properties="x" * 15_000).status_code == 200
    refused = hubspot.get(DEALS, properties="x" * 16_000)
    assert refused.status_code == 414
    assert refused.headers["Content-Type"].startswith("text/html")


def test_late_records_show_when_they_become_visible_under_their_old_time(deals):
    server, hubspot = deals(deal(1), {**deal(2, 30), "visible_at": "2026-02-01T06:00"})
    assert ids(hubspot.post(f"{DEALS}/search", {})) == [1]
    server.clock.move_to(date(2026, 2, 1))
    found = hubspot.post(f"{DEALS}/search", {})
    assert ids(found) == [1, 2]
    assert found.json()["results"][1]["updatedAt"] == "2026-01-30T00:00:00Z"


ASSOCIATIONS = "/crm/v4/associations/contacts/companies/batch/read"


@pytest.fixture
def associated(served, call, company_of, versions, links):
    """Return a function that serves contacts 1 to 9 and companies 11 to 999 with links between them."""

    def serve(*rows, archived=()):
        people = [deal(n) for n in range(1, 10)]
        firms = [deal(n) for n in range(11, 1000)]
        firms += [{**deal(n), "visible_at": "2026-01-20", "state": "archived"} for n in archived]
        objects = {"contacts": versions(people, record), "companies": versions(firms, record)}
        company = company_of(hubspot=objects, associations={"contact_companies": links(rows)})
        return call(served(company), "hubspot")

    return serve


def test_associations_name_every_target_once_with_all_its_types(associated):
    hubspot = associated((1, 12, 279), (1, 11, 1), (1, 11, 279), (2, 11, 279))
    answer = hubspot.post(ASSOCIATIONS, {"inputs": [{"id": "2"}, {"id": "1"}]})
    assert answer.status_code == 200
    plain = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
    primary = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}
    assert answer.json()["results"] == [
        {"from": {"id": "2"}, "to": [{"toObjectId": 11, "associationTypes": [plain]}]},
        {
            "from": {"id": "1"},
            "to": [
                {"toObjectId": 11, "associationTypes": [primary, plain]},
                {"toObjectId": 12, "associationTypes": [plain]},
            ],
        },
    ]


def test_a_record_without_associations_is_an_error_among_the_results(associated):
    hubspot = associated((1, 11, 279))
    answer = hubspot.post(ASSOCIATIONS, {"inputs": [{"id": "1"}, {"id": "3"}]})
    assert answer.status_code == 207
    assert [result["from"]["id"] for result in answer.json()["results"]] == ["1"]
    assert answer.json()["numErrors"] == 1
    assert answer.json()["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert answer.json()["errors"][0]["context"] == {"fromObjectId": ["3"]}


def test_associations_of_records_that_are_gone_are_gone(associated):
    hubspot = associated((1, 11, 279), (1, 12, 279), (77, 11, 279), (2, 11, 279, "2026-02-03"), archived=[12])
    answer = hubspot.post(ASSOCIATIONS, {"inputs": [{"id": "1"}, {"id": "77"}, {"id": "2"}]})
    assert [(r["from"]["id"], [to["toObjectId"] for to in r["to"]]) for r in answer.json()["results"]] == [
        ("1", [11])
    ]


def test_associations_come_and_go_without_a_change_of_their_records(
    served, call, company_of, versions, links
):
    rows = links([(1, 11, 279), (1, 12, 279, "2026-02-01T12:00")])
    rows["gone_at"] = np.array(["2026-02-01T12:00", "NaT"], "datetime64[us]")
    objects = {"contacts": versions([deal(1)], record), "companies": versions([deal(11), deal(12)], record)}
    server = served(company_of(hubspot=objects, associations={"contact_companies": rows}))
    hubspot = call(server, "hubspot")

    def associated():
        (result,) = hubspot.post(ASSOCIATIONS, {"inputs": [{"id": "1"}]}).json()["results"]
        return [to["toObjectId"] for to in result["to"]]

    assert associated() == [11]
    server.clock.move_to(date(2026, 2, 1))
    assert associated() == [12]


def test_associations_of_one_record_may_fail_for_a_moment(served, call, company_of, versions, links):
    objects = {"contacts": versions([deal(1), deal(2)], record), "companies": versions([deal(11)], record)}
    linked = {"contact_companies": links([(1, 11, 279), (2, 11, 279)])}
    server = served(company_of(hubspot=objects, associations=linked))
    server.faults.arm(ArmedFault("hubspot_partial_associations", "hubspot"))
    inputs = {"inputs": [{"id": "1"}, {"id": "2"}]}
    hubspot = call(server, "hubspot")
    first, then = hubspot.post(ASSOCIATIONS, inputs), hubspot.post(ASSOCIATIONS, inputs)
    assert (first.status_code, then.status_code) == (207, 200)
    assert [result["from"]["id"] for result in first.json()["results"]] == ["2"]
    (error,) = first.json()["errors"]
    assert error["category"] == "INTERNAL_ERROR"
    assert error["context"] == {"fromObjectId": ["1"]}
    assert len(then.json()["results"]) == 2


def test_associations_of_one_record_are_paged_by_five_hundred(associated):
    hubspot = associated(*[(1, n, 279) for n in range(11, 912)])
    first = hubspot.post(ASSOCIATIONS, {"inputs": [{"id": "1"}]}).json()["results"][0]
    rest = hubspot.post(
        ASSOCIATIONS, {"inputs": [{"id": "1", "after": first["paging"]["next"]["after"]}]}
    ).json()["results"][0]
    assert "paging" not in rest
    assert [to["toObjectId"] for to in first["to"] + rest["to"]] == list(range(11, 912))


def test_associations_take_a_thousand_inputs(associated):
    hubspot = associated((1, 11, 279))
    assert hubspot.post(ASSOCIATIONS, {"inputs": [{"id": str(n)} for n in range(1, 1001)]}).status_code == 207
    assert hubspot.post(ASSOCIATIONS, {"inputs": [{"id": str(n)} for n in range(1, 1002)]}).status_code == 400
    assert hubspot.post(ASSOCIATIONS, {"inputs": [{"no": "id"}]}).status_code == 400


def test_owners_have_a_list_of_the_archived_ones(served, call, company_of, versions):
    rows = [
        {"id": n, "updated_at": "2026-01-01", "state": "archived" if n == 3 else "live"} for n in range(1, 6)
    ]
    owners = versions(rows, lambda row: {"id": str(row.id), "archived": row.state == "archived"})
    hubspot = call(served(company_of(hubspot={"owners": owners})), "hubspot")
    first = hubspot.get("/crm/v3/owners", limit=3)
    assert ids(first) == [1, 2, 4]
    assert ids(hubspot.get("/crm/v3/owners", limit=3, after=first.json()["paging"]["next"]["after"])) == [5]
    assert ids(hubspot.get("/crm/v3/owners", archived="true")) == [3]


@pytest.mark.parametrize("name", OBJECT_TYPES)
def test_catalogue_knows_every_property_the_warehouse_asks_for(deals, name):
    _, hubspot = deals()
    known = {entry["name"]: entry for entry in hubspot.get(f"/crm/v3/properties/{name}").json()["results"]}
    stream = next(stream for stream in STREAMS if stream.name == name)
    asked = {
        field.path.removeprefix("$.properties.") for field in stream.fields if "properties" in field.path
    }
    assert asked <= known.keys()
    assert {"name", "label", "type", "fieldType"} <= known["hs_object_id"].keys()


def test_custom_properties_stand_in_the_catalogue_and_in_the_records(served, call, company_of, versions):
    company = company_of(hubspot={"deals": versions([deal(1, region="north", secret="x")], record)})
    company = replace(company, hubspot_properties={"deals": {"region": "enumeration"}})
    hubspot = call(served(company), "hubspot")
    names = {each["name"] for each in hubspot.get("/crm/v3/properties/deals").json()["results"]}
    assert names >= {"region", "dealname"}
    assert "region" not in str(hubspot.get("/crm/v3/properties/contacts").json())
    (found,) = hubspot.get(DEALS, properties="region,secret").json()["results"]
    assert found["properties"]["region"] == "north"
    assert "secret" not in found["properties"]
    assert ids(hubspot.post(f"{DEALS}/search", one_filter("region", "EQ", "north"))) == [1]


def test_deals_have_a_pipeline_whose_stages_say_what_is_won(deals):
    _, hubspot = deals()
    (pipeline,) = hubspot.get("/crm/v3/pipelines/deals").json()["results"]
    stages = {stage["id"]: stage["metadata"] for stage in pipeline["stages"]}
    assert stages["closedwon"] == {"isClosed": "true", "probability": "1.0"}
    assert stages["contractsent"]["isClosed"] == "false"
    assert hubspot.get("/crm/v3/pipelines/contacts").json() == {"results": []}


@pytest.mark.parametrize(
    ("numbered", "dated"),
    [
        ("/crm/v3/objects/deals", "/crm/objects/2026-03/deals"),
        ("/crm/v3/owners", "/crm/owners/2026-03"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-09/deals"),
        ("/crm/v3/properties/deals", "/crm/properties/2025-09/deals"),
    ],
)
def test_dated_paths_answer_like_the_numbered_ones(deals, numbered, dated):
    _, hubspot = deals(deal(1))
    assert hubspot.get(dated).status_code == 200
    assert hubspot.get(dated).json() == hubspot.get(numbered).json()


def ask_for_token(hubspot, path="/oauth/v1/token", **changed):
    form = {"grant_type": "refresh_token", **OAUTH_APP, **changed}
    return hubspot.session.post(hubspot.base_url + path, data=form, timeout=30)


def test_an_access_token_lasts_half_an_hour(deals, call):
    server, _ = deals(deal(1))
    granted = ask_for_token(call(server, "hubspot", {}))
    assert granted.status_code == 200
    assert granted.json()["expires_in"] == 1800
    token = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    assert ids(call(server, "hubspot", token).get(DEALS)) == [1]
    server.clock.now += timedelta(minutes=29, seconds=59)
    assert ids(call(server, "hubspot", token).get(DEALS)) == [1]
    server.clock.now += timedelta(seconds=3)
    refused = call(server, "hubspot", token).get(DEALS)
    assert refused.status_code == 401
    assert refused.json()["category"] == "EXPIRED_AUTHENTICATION"
    assert "expired 2 second(s) ago" in refused.json()["message"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"refresh_token": "old"}, "BAD_REFRESH_TOKEN"),
        ({"client_secret": "wrong"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
    ],
)
def test_a_token_is_not_granted_to_everybody(deals, call, changed, status):
    server, _ = deals()
    refused = ask_for_token(call(server, "hubspot", {}), "/oauth/2026-03/token", **changed)
    assert refused.status_code == 400
    assert refused.json()["status"] == status


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "demo-hubspot-token"}]
)
@pytest.mark.parametrize("path", [DEALS, "/crm/v3/owners", "/no/such/path"])
def test_nothing_is_told_without_the_token(deals, call, headers, path):
    server, _ = deals(deal(1))
    answer = call(server, "hubspot", headers).get(path)
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"


def test_what_is_not_served_is_not_found(deals):
    _, hubspot = deals(deal(1))
    for path in ("/crm/v3/objects/tickets", "/crm/v3/nothing"):
        assert hubspot.get(path).status_code == 404
        assert hubspot.get(path).json()["category"] == "OBJECT_NOT_FOUND"


def test_the_sixth_search_of_a_second_is_refused_without_rate_headers(deals):
    _, hubspot = deals(deal(1), speed=0.01)  # a second lasts a hundred, so that no machine is too slow
    answers = [hubspot.post(f"{DEALS}/search", {}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[5].json()["errorType"] == "RATE_LIMIT"
    assert answers[5].json()["policyName"] == "SECONDLY"
    assert 1 <= int(answers[5].headers["Retry-After"]) <= 100
    assert not any("RateLimit" in name for answer in answers for name in answer.headers)
    listed = hubspot.get(DEALS)
    assert listed.status_code == 200
    assert listed.headers["X-HubSpot-RateLimit-Remaining"] == "189"


def test_a_page_of_a_big_search_costs_no_scan(versions):
    """Pages after the first must not depend on the number of records, or the benchmark measures the demo."""
    from time import perf_counter

    import pandas as pd

    from valuegap.demo.hubspot_search import SearchIndex, parse_search

    count = 500_000
    at = np.datetime64("2026-01-01", "us") + np.arange(count) * np.timedelta64(1, "s")
    index = SearchIndex(
        OBJECT_TYPES["line_items"], pd.DataFrame({"id": np.arange(count), "updated_at": at}), None
    )

    def page(last):
        body = one_filter("hs_lastmodifieddate", "GTE", str(JANUARY + DAY))
        body["filterGroups"][0]["filters"].append(
            {"propertyName": "hs_object_id", "operator": "GT", "value": last}
        )
        return index.find(parse_search(body))

    assert page("0")[0] == 86_400
    started = perf_counter()
    firsts = [int(page(str(last))[0]) for last in range(100_000, 100_200)]
    assert firsts == list(range(100_001, 100_201))
    assert (perf_counter() - started) / 200 < 0.001


# --- what our pager makes of it -----------------------------------------------------------------------


def read_night(server, root, *, cursors=None, source=HUBSPOT, as_of=date(2026, 1, 31), **extra):
    """One night's records by stream, and its cursors; `extra` is the connection's."""
    connection = Settings.from_environment(demo_connections(server.base_url)).connection("hubspot_default")
    connection = replace(connection, extra={**connection.extra, **extra})
    landing = Landing(root, clock=lambda: datetime(2026, 2, 1, tzinfo=UTC))
    server.clock.move_to(as_of)
    landed = extract_source(source, connection, Night(as_of), landing, cursors or {})
    records = {each.stream: list(map(json.loads, landing.records(each.manifest))) for each in landed}
    return records, {each.stream: each.manifest.cursor_after for each in landed}


@pytest.fixture
def account(served, company_of, versions, links):
    """Return a function that serves contacts 1 to 3 and companies 11 to 12, linked, with these deals."""

    def serve(*rows, properties=None):
        objects = {
            "contacts": versions([deal(n) for n in (1, 2, 3)], record),
            "companies": versions([deal(11), deal(12)], record),
            "deals": versions(list(rows), record),
        }
        linked = {"contact_companies": links([(1, 11, 1), (2, 12, 1)])}
        company = company_of(hubspot=objects, associations=linked)
        return served(replace(company, hubspot_properties=properties or {}))

    return serve


def test_dated_paths_are_read_like_the_numbered_ones(account, tmp_path):
    server = account(deal(501))
    numbered, _ = read_night(server, tmp_path / "numbered")
    dated, _ = read_night(server, tmp_path / "dated", version="2026-03")
    assert dated == numbered
    assert [each["id"] for each in dated["deals"]] == ["501"]
    assert {each["from"]["id"]: len(each["to"]) for each in dated["contact_companies"]} == {
        "1": 1,
        "2": 1,
        "3": 0,
    }


def test_an_oauth_app_renews_its_token_in_the_middle_of_a_night(account, tmp_path):
    server = account(deal(501))
    server.faults.arm(ArmedFault("hubspot_token_expired", "hubspot", path="/objects/deals", skip=1))
    found, _ = read_night(server, tmp_path, **OAUTH_APP)
    assert [each["id"] for each in found["deals"]] == ["501"]
    tokens = server.journal.answers["hubspot", "POST /oauth/v1/token", 200]
    assert tokens == 2
    assert server.faults.counts["hubspot", "hubspot_token_expired"] == 1


def test_what_search_had_not_indexed_comes_the_next_night(account, tmp_path):
    late = {"id": 502, "updated_at": "2026-01-31T21:00", "properties": {}}
    server = account(deal(501), late)
    server.faults.arm(ArmedFault("hubspot_index_lag", "hubspot", path="/deals/search"))
    first, cursors = read_night(server, tmp_path)
    assert [each["id"] for each in first["deals"]] == ["501"]
    second, _ = read_night(server, tmp_path, cursors=cursors, as_of=date(2026, 2, 1))
    assert [each["id"] for each in second["deals"]] == ["502"]


def test_associations_that_fail_for_a_moment_are_landed_all_the_same(account, tmp_path):
    server = account()
    server.faults.arm(ArmedFault("hubspot_partial_associations", "hubspot"))
    found, _ = read_night(server, tmp_path)
    assert {each["from"]["id"]: len(each["to"]) for each in found["contact_companies"]} == {
        "1": 1,
        "2": 1,
        "3": 0,
    }
    assert server.faults.counts["hubspot", "hubspot_partial_associations"] == 1


def test_a_thousand_custom_properties_are_read_of_live_and_archived_objects(account, tmp_path):
    names = [f"custom_property_number_{number}" for number in range(1000)]
    gone = {**deal(502, **{names[-1]: "b"}), "visible_at": "2026-01-20", "state": "archived"}
    server = account(
        deal(501, **{names[-1]: "a"}), deal(502), gone, properties={"deals": dict.fromkeys(names, "string")}
    )
    fields = tuple(Field(name, f"$.properties.{name}") for name in names)
    streams = tuple(
        replace(stream, fields=(*stream.fields, *fields)) if stream.name == "deals" else stream
        for stream in STREAMS
    )
    found, _ = read_night(server, tmp_path, source=replace(HUBSPOT, streams=streams))
    assert {each["id"]: each["properties"][names[-1]] for each in found["deals"]} == {"501": "a", "502": "b"}


def test_what_changes_in_silence_is_found_by_the_next_census(account, tmp_path):
    """Deleted for good, and restored under its old time: seven nights later the census tells."""
    archived = {**deal(502), "visible_at": "2026-01-20", "state": "archived"}
    restored = {**deal(502), "visible_at": "2026-02-05"}
    server = account(
        deal(501),
        deal(502),
        archived,
        restored,
        {**deal(501), "visible_at": "2026-02-03", "state": "deleted"},
    )
    cursors, counted = {}, []
    for day in range(8):
        as_of = date(2026, 1, 31) + timedelta(days=day)
        found, cursors = read_night(server, tmp_path, cursors=cursors, as_of=as_of)
        counted.append([each["id"] for each in found["deal_ids"]])
    assert counted == [["501"], *[[]] * 6, ["502"]]
