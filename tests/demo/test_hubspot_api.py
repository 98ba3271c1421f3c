import numpy as np
import pytest

from valuegap.demo.hubspot_catalogue import OBJECT_TYPES
from valuegap.sources.hubspot import STREAMS

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
    from datetime import date

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


def test_late_records_show_when_they_become_visible_under_their_old_time(deals):
    from datetime import date

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
