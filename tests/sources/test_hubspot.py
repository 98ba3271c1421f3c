"""HubSpot's pager: no object is lost at a boundary, by the 10,000 cap, by archiving, or while we page."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuegap.errors import ConfigurationError, SourceError
from valuegap.raw_values import TYPE_MACROS, typed_page
from valuegap.sources.client import Answer
from valuegap.sources.connection import SourceConnection
from valuegap.sources.hubspot import HUBSPOT, STREAMS
from valuegap.sources.stream import OVERLAP, Field, Page, Rate, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
UNTIL = datetime(2026, 2, 1, tzinfo=UTC)
MIDNIGHT_BEFORE = UNTIL - timedelta(days=1)


def milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


class MemoryHubSpot:
    """Search and lists over `objects`, id -> changed at; `between` runs before every search."""

    def __init__(self, objects, *, archived=(), between=lambda _vendor: None, **extra) -> None:
        self.objects, self.archived, self.between = dict(objects), list(archived), between
        self.connection = SourceConnection("hubspot_default", "http://vendor.example", extra=extra)
        self.searches: list[dict] = []
        self.lists: list[dict] = []
        self.batches: list[tuple[str, dict]] = []
        self.waits: list[float] = []

    def post(self, path, body, *, records) -> Answer:
        assert records == ("results",)
        if "batch/read" in path:
            return self._batch(path, body)
        assert path == "/crm/v3/objects/deals/search"
        self.between(self)
        self.searches.append(body)
        assert len(self.searches) < 1000, "the pager never ends"
        found = [each for each in self.objects if all(map(self._holds(each), self._filters(body)))]
        assert body["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
        page = sorted(found)[: min(body["limit"], 200)]
        assert "after" not in body, "paging by offset meets the cap"
        texts = tuple(json.dumps({"id": str(each), "at": self.objects[each]}).encode() for each in page)
        return Answer({"total": len(found)}, texts)

    def _batch(self, path, body) -> Answer:
        assert path == "/crm/v3/objects/deals/batch/read?archived=true"
        assert len(body["inputs"]) <= 100
        self.batches.append((path, body))
        whole = [
            {"id": each["id"], "archived": True, "properties": {"whole": "1"}} for each in body["inputs"]
        ]
        return Answer({"status": "COMPLETE"}, tuple(json.dumps(each).encode() for each in whole))

    def get(self, path, params, **_records) -> Answer:
        assert path == "/crm/v3/objects/deals"
        self.lists.append(dict(params))
        is_archived = params["archived"] == "true"
        listed = self.archived if is_archived else sorted(self.objects)
        start, limit = int(params.get("after", 0)), int(params["limit"])
        texts = [json.dumps({"id": str(each), "archived": is_archived}).encode() for each in listed]
        more = {"paging": {"next": {"after": str(start + limit)}}} if start + limit < len(texts) else {}
        return Answer(more, tuple(texts[start : start + limit]))

    def sleep(self, seconds) -> None:
        self.waits.append(seconds)

    @staticmethod
    def error(path, what, *, remedy) -> SourceError:
        return SourceError(f"{path} {what}", remedy=remedy)

    @staticmethod
    def _filters(body):
        (group,) = body["filterGroups"]
        return [(each["propertyName"], each["operator"], int(each["value"])) for each in group["filters"]]

    def _holds(self, each):
        compare = {"LT": int.__lt__, "GTE": int.__ge__, "GT": int.__gt__}
        values = {"hs_object_id": each, "hs_lastmodifieddate": self.objects[each]}
        return lambda condition: compare[condition[1]](values[condition[0]], condition[2])


def read(vendor, cursor=None, *, name="deals", stream=None, until=UNTIL):
    """Ids in the order landed, and the next cursor."""
    items = list(HUBSPOT.pages(vendor, stream or BY_NAME[name], Window(cursor, until, None)))
    pages = [item for item in items if isinstance(item, Page)]
    cursors = [item for item in items if isinstance(item, str)]
    return [int(json.loads(record)["id"]) for page in pages for record in page.records], cursors


# --- changed objects ----------------------------------------------------------------------------------

BOUNDARIES = [MIDNIGHT_BEFORE - OVERLAP, MIDNIGHT_BEFORE, UNTIL]
INSTANTS = st.one_of(
    st.sampled_from([milliseconds(each) + step for each in BOUNDARIES for step in (-1, 0, 1)]),
    st.integers(milliseconds(MIDNIGHT_BEFORE - timedelta(days=9)), milliseconds(UNTIL) + 1000),
)
OBJECTS = st.dictionaries(st.integers(1, 10**12), INSTANTS, max_size=60)


@given(OBJECTS)
def test_a_first_night_takes_all_that_changed_before_its_end(objects) -> None:
    ids, cursors = read(MemoryHubSpot(objects))
    assert ids == sorted(each for each, at in objects.items() if at < milliseconds(UNTIL))
    assert [json.loads(cursor)["until"] for cursor in cursors] == [UNTIL.isoformat()]


@given(OBJECTS)
def test_a_window_takes_its_first_instant_and_leaves_its_end_to_the_next(objects) -> None:
    ids, _ = read(MemoryHubSpot(objects), MIDNIGHT_BEFORE.isoformat())
    since = milliseconds(MIDNIGHT_BEFORE - OVERLAP)
    assert ids == sorted(each for each, at in objects.items() if since <= at < milliseconds(UNTIL))


@given(
    st.lists(st.integers(1, 3000), unique=True, min_size=1, max_size=450),
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3000)), max_size=30),
)
def test_what_changes_while_we_page_is_ours_or_the_next_nights(ids, changes) -> None:
    """An object that does not change is landed once; one that does is landed, or left to the next window."""
    before, after = milliseconds(UNTIL) - 5, milliseconds(UNTIL) + 5

    def between(vendor) -> None:
        for at_search, changed_id in changes:
            if at_search == len(vendor.searches):
                vendor.objects[changed_id] = after

    vendor = MemoryHubSpot(dict.fromkeys(ids, before), between=between)
    landed, _ = read(vendor)
    assert len(landed) == len(set(landed))
    left_to_next = {each for each, at in vendor.objects.items() if at == after}
    assert set(ids) <= set(landed) | left_to_next


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 400, 401])
def test_pages_end_where_the_objects_end(count) -> None:
    vendor = MemoryHubSpot(dict.fromkeys(range(1, count + 1), 0))
    assert read(vendor)[0] == list(range(1, count + 1))
    assert len(vendor.searches) == max(1, -(-count // 200))


def test_more_objects_than_search_can_page_share_one_instant() -> None:
    """An import stamps 10,050 objects with one time: no narrower window could tell them apart."""
    vendor = MemoryHubSpot(dict.fromkeys(range(1, 10_051), milliseconds(MIDNIGHT_BEFORE)))
    assert read(vendor, MIDNIGHT_BEFORE.isoformat())[0] == list(range(1, 10_051))


def test_a_server_that_sends_smaller_pages_loses_nothing() -> None:
    vendor = MemoryHubSpot(dict.fromkeys(range(1, 100), 0))
    post = vendor.post
    vendor.post = lambda path, body, *, records: post(path, {**body, "limit": 7}, records=records)
    assert read(vendor)[0] == list(range(1, 100))


def test_a_record_sent_twice_is_no_sign_of_the_last_page() -> None:
    """200 records and one of them again are 201, as many as there are: the one that is left must come."""
    vendor = MemoryHubSpot(dict.fromkeys(range(1, 202), 0))
    post = vendor.post

    def twice(path, body, *, records) -> Answer:
        answer = post(path, body, records=records)
        return Answer(answer.envelope, (*answer.records, answer.records[-1]))

    vendor.post = twice
    assert set(read(vendor)[0]) == set(range(1, 202))


@pytest.mark.parametrize("text", [b'{"id":"2","a":1e4', b"[" * 100_000, b'{"no":"id"}', b"7"])
def test_a_record_that_cannot_be_read_is_landed_and_does_not_stop_the_others(text) -> None:
    answers = [
        Answer({"total": 5}, (b'{"id":"1"}', text)),
        Answer({"total": 4}, (text, b'{"id":"3"}', b'{"id":"4"}')),
        Answer({"total": 1}, (b'{"id":"5"}',)),
    ]
    vendor = MemoryHubSpot({})
    vendor.post = lambda *_parts, **_named: answers.pop(0)
    pages = HUBSPOT.pages(vendor, BY_NAME["deals"], Window(None, UNTIL, None))
    landed = [record for page in pages if isinstance(page, Page) for record in page.records]
    assert landed == [b'{"id":"1"}', text, text, *(b'{"id":"%d"}' % each for each in (3, 4, 5))]


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([Answer({"total": 9}, (b'{"id":"1"}',))] * 2, id="the same page again"),
        pytest.param([Answer({"total": 9}, (b'{"no":"id"}',))] * 2, id="nothing that has an id"),
        pytest.param([Answer({"total": 2}, (b'{"id":"10"}', b'{"id":"9"}'))], id="sorted as text"),
        pytest.param([Answer({"total": 3}, ())], id="counts what it does not send"),
    ],
)
def test_a_search_that_would_lose_objects_stops_the_night(answers) -> None:
    vendor = MemoryHubSpot({})
    rest = list(answers)
    vendor.post = lambda *_parts, **_named: rest.pop(0)
    with pytest.raises(SourceError):
        read(vendor)


def test_contacts_have_a_modified_date_of_another_name() -> None:
    asked = []
    vendor = MemoryHubSpot({})
    vendor.post = lambda _path, body, **_records: asked.append(body) or Answer({"total": 0}, ())
    vendor.get = lambda *_parts, **_named: Answer({}, ())
    read(vendor, MIDNIGHT_BEFORE.isoformat(), name="contacts")
    names = [each["propertyName"] for each in asked[0]["filterGroups"][0]["filters"]]
    assert sorted(names) == ["hs_object_id", "lastmodifieddate", "lastmodifieddate"]
    assert "email" in asked[0]["properties"]
    assert "id" not in asked[0]["properties"]


def with_property(stream, name):
    return replace(stream, fields=(*stream.fields, Field(f"custom_{name}", f"$.properties.{name}")))


def test_a_stream_is_read_from_its_beginning_when_another_property_is_asked_for() -> None:
    objects = {1: milliseconds(MIDNIGHT_BEFORE - timedelta(days=30)), 2: milliseconds(MIDNIGHT_BEFORE)}
    (_, (cursor,)) = read(MemoryHubSpot(objects))
    assert read(MemoryHubSpot(objects), cursor)[0] == [2]
    wider = with_property(BY_NAME["deals"], "region")
    vendor = MemoryHubSpot(objects)
    ids, (next_cursor,) = read(vendor, cursor, stream=wider)
    assert ids == [1, 2]
    assert "region" in vendor.searches[0]["properties"]
    assert read(MemoryHubSpot(objects), next_cursor, stream=wider)[0] == [2]


def test_a_cursor_from_before_properties_were_remembered_still_holds() -> None:
    objects = {1: milliseconds(MIDNIGHT_BEFORE - timedelta(days=30)), 2: milliseconds(MIDNIGHT_BEFORE)}
    wider = with_property(BY_NAME["deals"], "region")
    assert read(MemoryHubSpot(objects), MIDNIGHT_BEFORE.isoformat(), stream=wider)[0] == [2]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [('"12;34"', "12;34"), ('"12"', "12"), ("12", "12"), ("123456789012345678", "123456789012345678"),
     ('""', ""), ("null", None)],
)  # fmt: skip
def test_ids_of_merged_objects_are_text_whatever_they_come_as(sent, kept) -> None:
    """Pipelines in between make a number of a single id; it is loaded like the list of several."""
    record = '{"id":"1","createdAt":"2026-01-01","updatedAt":"2026-01-01","properties":{"hs_merged_object_ids":%s}}'
    with duckdb.connect() as connection:
        connection.execute(TYPE_MACROS)
        connection.execute(
            "create table landed as select ? as record, 1 as _page, 1 as _line, cast(null as varchar) as _problem",
            [record % sent],
        )
        (row,) = connection.execute(
            f"select hs_merged_object_ids, _reason from ({typed_page(BY_NAME['contacts'])})"
        ).fetchall()
    assert row == (kept, None)


def test_a_property_declared_twice_is_asked_for_once() -> None:
    vendor = MemoryHubSpot({})
    read(vendor, stream=with_property(BY_NAME["deals"], "dealname"))
    assert vendor.searches[0]["properties"].count("dealname") == 1


# --- lists: archived, owners, catalogues --------------------------------------------------------------


def test_archived_objects_follow_the_changed_ones_whenever_they_changed() -> None:
    vendor = MemoryHubSpot({500: 0}, archived=range(1, 251))
    assert read(vendor, MIDNIGHT_BEFORE.isoformat())[0] == list(range(1, 251))
    assert [each.get("after") for each in vendor.lists] == [None, "100", "200"]
    assert "dealstage" in vendor.lists[0]["properties"].split(",")


def test_archived_objects_come_in_batches_where_their_properties_do_not_fit_a_url() -> None:
    stream = BY_NAME["deals"]
    for number in range(400):
        stream = with_property(stream, f"custom_property_number_{number}")
    vendor = MemoryHubSpot({}, archived=range(1, 251))
    items = list(HUBSPOT.pages(vendor, stream, Window(None, UNTIL, None)))
    pages = [item for item in items if isinstance(item, Page)]
    records = [json.loads(record) for page in pages for record in page.records]
    assert [int(record["id"]) for record in records] == list(range(1, 251))
    assert all(record["properties"] for record in records)
    assert {each["properties"] for each in vendor.lists} == {"hs_object_id"}
    assert "custom_property_number_399" in vendor.batches[0][1]["properties"]


@pytest.mark.parametrize("name", ["deals", "deal_ids", "owners"])
def test_a_page_of_the_other_list_stops_the_night(name) -> None:
    """Its records carry other properties, and would take the place of what is known."""
    vendor = MemoryHubSpot({})
    vendor.get = lambda _path, params, **_records: Answer(
        {}, (json.dumps({"id": "1", "archived": params["archived"] == "false"}).encode(),)
    )
    with pytest.raises(SourceError, match="sent other records"):
        read(vendor, name=name)


def test_a_list_that_goes_round_in_circles_stops_the_night() -> None:
    vendor = MemoryHubSpot({})
    asked = []

    def get(_path, params, **_records) -> Answer:
        asked.append(params.get("after"))
        assert len(asked) < 1000, "the pager never ends"
        return Answer({"paging": {"next": {"after": str(len(asked) % 3)}}}, ())

    vendor.get = get
    with pytest.raises(SourceError, match="circles"):
        read(vendor)
    assert len(asked) <= 5


def test_owners_are_the_active_and_the_archived_ones() -> None:
    vendor = MemoryHubSpot({})
    archived = {"false": b'{"id":"1"}', "true": b'{"id":"2"}'}
    vendor.get = lambda _path, params, **_records: Answer({}, (archived[params["archived"]],))
    assert read(vendor, name="owners") == ([1, 2], [])


def test_the_catalogue_names_the_object_type_of_each_property() -> None:
    vendor = MemoryHubSpot({})
    vendor.get = lambda path, _params, **_records: Answer({}, (json.dumps({"of": path}).encode(),))
    pages = list(HUBSPOT.pages(vendor, BY_NAME["properties"], Window(None, UNTIL, None)))
    found = {page.context["object_type"]: json.loads(page.records[0])["of"] for page in pages}
    types = ("contacts", "companies", "products", "deals", "line_items")
    assert found == {name: f"/crm/v3/properties/{name}" for name in types}


# --- the census ---------------------------------------------------------------------------------------


def test_a_census_lists_all_live_ids_and_no_property_of_theirs() -> None:
    vendor = MemoryHubSpot(dict.fromkeys(range(1, 251), 0), archived=[900])
    assert read(vendor, name="deal_ids") == (list(range(1, 251)), ["2026-01-31"])
    assert {(each["archived"], each["properties"]) for each in vendor.lists} == {("false", "hs_object_id")}


@pytest.mark.parametrize(("days", "is_due"), [(0, False), (1, False), (6, False), (7, True), (30, True)])
def test_a_census_is_due_after_seven_days(days, is_due) -> None:
    vendor = MemoryHubSpot({1: 0})
    ids, cursors = read(vendor, "2026-01-31", name="deal_ids", until=UNTIL + timedelta(days=days))
    assert bool(ids) == bool(vendor.lists) == is_due
    night = (UNTIL + timedelta(days=days - 1)).date().isoformat()
    assert cursors == [night if is_due else "2026-01-31"]


# --- associations -------------------------------------------------------------------------------------


class MemoryAssociations(MemoryHubSpot):
    """Associations by from-id, at most `per_answer` an object an answer; none is an error, as HubSpot's.

    The first answers fail for the ids in `failing`, one list an answer.
    """

    def __init__(self, to, *, per_answer=2, failing=()) -> None:
        super().__init__({})
        self.to, self.per_answer, self.failing = to, per_answer, list(failing)
        self.batches: list[list[dict]] = []

    def post(self, path, body, **_records) -> Answer:
        assert path == "/crm/v4/associations/deals/contacts/batch/read"
        self.batches.append(body["inputs"])
        texts, errors = [], []
        failing = self.failing.pop(0) if self.failing else ()
        for asked in body["inputs"]:
            context = {"fromObjectId": [asked["id"]]}
            if asked["id"] in failing:
                errors.append({"category": "INTERNAL_ERROR", "message": "busy", "context": context})
                continue
            if not self.to.get(asked["id"]):
                errors.append({"category": "OBJECT_NOT_FOUND", "message": "none", "context": context})
                continue
            start = int(asked.get("after", 0))
            end = start + self.per_answer
            record = {"from": {"id": asked["id"]}, "to": self.to[asked["id"]][start:end]}
            if end < len(self.to[asked["id"]]):
                record["paging"] = {"next": {"after": str(end)}}
            texts.append(json.dumps(record, separators=(",", ":")).encode())
        return Answer({"status": "COMPLETE", "errors": errors}, tuple(texts))


def associations(vendor, landed, counted=()) -> list[dict]:
    found = {"deals": landed, "deal_ids": counted}
    window = Window(None, UNTIL, lambda name: iter(found[name]))
    pages = list(HUBSPOT.pages(vendor, BY_NAME["deal_contacts"], window))
    return [json.loads(record) for page in pages for record in page.records]


@given(st.dictionaries(st.integers(1, 99).map(str), st.lists(st.integers(), max_size=9), max_size=9))
def test_every_landed_object_has_one_record_with_all_its_associations(to) -> None:
    landed = [{"id": each} for each in to]
    found = associations(MemoryAssociations(to), landed)
    assert [(each["from"]["id"], each["to"]) for each in found] == list(to.items())


def test_a_record_that_came_in_one_answer_is_the_vendors_text() -> None:
    vendor = MemoryAssociations({"1": [5]})
    landed = {"deals": [{"id": "1"}], "deal_ids": []}
    window = Window(None, UNTIL, lambda name: iter(landed[name]))
    (page,) = HUBSPOT.pages(vendor, BY_NAME["deal_contacts"], window)
    assert page.records == (b'{"from":{"id":"1"},"to":[5]}',)


def test_ids_are_asked_for_in_batches_of_a_thousand_without_archived_ones() -> None:
    landed = [{"id": str(each), "archived": each % 2 == 0} for each in range(3001)]
    vendor = MemoryAssociations({str(each): [1] for each in range(3001)})
    assert len(associations(vendor, landed)) == 1500
    assert [len(batch) for batch in vendor.batches] == [1000, 500]


def test_on_the_night_of_a_census_all_live_objects_are_asked_for() -> None:
    vendor = MemoryAssociations({str(each): [each] for each in range(1, 6)})
    landed = [{"id": "2"}, {"id": "9", "archived": True}]
    counted = [{"id": str(each)} for each in range(1, 6)]
    assert [each["from"]["id"] for each in associations(vendor, landed, counted)] == ["1", "2", "3", "4", "5"]
    assert [each["from"]["id"] for each in associations(vendor, landed)] == ["2"]


def test_what_the_associations_follow_is_said() -> None:
    for stream in STREAMS:
        if stream.record_id == ("from_id",):
            from_type, census = stream.follows
            assert BY_NAME[census].follows == (from_type,)


def test_objects_whose_associations_failed_are_asked_for_again() -> None:
    to = {"1": [5, 6, 7], "2": [], "3": [8]}
    vendor = MemoryAssociations(to, failing=[["1", "3"], ["1"], ["1"]])
    found = associations(vendor, [{"id": each} for each in to])
    assert {each["from"]["id"]: each["to"] for each in found} == to
    assert [[each["id"] for each in batch] for batch in vendor.batches] == [
        ["1", "2", "3"], ["1", "3"], ["1"], ["1"], ["1"]
    ]  # fmt: skip
    assert vendor.waits == [1, 2, 3]


def test_an_object_whose_associations_fail_for_good_stops_the_stream() -> None:
    """An empty record would take the place of the associations that are known."""
    with pytest.raises(SourceError, match="left objects out: busy"):
        associations(MemoryAssociations({"1": [5]}, failing=[["1"]] * 9), [{"id": "1"}])


def test_an_association_sent_twice_is_taken_once() -> None:
    vendor = MemoryAssociations({"1": [5, 6, 7], "2": [8]})
    post = vendor.post

    def twice(path, body, **records) -> Answer:
        answer = post(path, body, **records)
        return Answer(answer.envelope, (*answer.records, *answer.records))

    vendor.post = twice
    found = associations(vendor, [{"id": "1"}, {"id": "2"}])
    assert [each["to"] for each in found] == [[5, 6, 7], [8]]


# --- how to speak with it -----------------------------------------------------------------------------


def connection(**extra) -> SourceConnection:
    return SourceConnection("hubspot_default", "http://vendor.example", password="pat", extra=extra)


OAUTH_APP = {"client_id": "app", "client_secret": "s", "refresh_token": "r"}


def test_a_private_app_shows_its_token_and_asks_for_none() -> None:
    assert HUBSPOT.headers(connection()) == {"Authorization": "Bearer pat"}
    assert HUBSPOT.token(connection()) is None


@pytest.mark.parametrize(
    ("extra", "path"),
    [
        ({}, "/oauth/v1/token"),
        ({"version": "2026-03"}, "/oauth/2026-03/token"),
        ({"version": "2026-03", "oauth_path": "/oauth/v3/token"}, "/oauth/v3/token"),
    ],
)
def test_an_oauth_app_asks_for_a_token_with_its_refresh_token(extra, path) -> None:
    request = HUBSPOT.token(connection(**OAUTH_APP, **extra))
    assert request.path == path
    assert request.form == {"grant_type": "refresh_token", **OAUTH_APP}


def test_an_oauth_app_without_its_secret_is_told_what_it_lacks() -> None:
    with pytest.raises(ConfigurationError, match="no client_secret"):
        HUBSPOT.token(connection(client_id="app", refresh_token="r"))


@pytest.mark.parametrize(
    ("name", "extra", "path"),
    [
        ("deals", {}, "/crm/v3/objects/deals/search"),
        ("deals", {"version": "2026-03"}, "/crm/objects/2026-03/deals/search"),
        ("deals", {"version": "2026-03", "objects_path": "/x"}, "/x/deals/search"),
        ("deal_ids", {"version": "2026-03"}, "/crm/objects/2026-03/deals"),
        ("owners", {"version": "2026-03"}, "/crm/owners/2026-03"),
        ("pipelines", {"version": "2026-03"}, "/crm/pipelines/2026-03/deals"),
        ("properties", {"version": "2026-03"}, "/crm/properties/2026-03/contacts"),
        ("deal_contacts", {}, "/crm/v4/associations/deals/contacts/batch/read"),
        ("deal_contacts", {"version": "2026-03"}, "/crm/associations/2026-03/deals/contacts/batch/read"),
    ],
)
def test_paths_are_numbered_or_dated(name, extra, path) -> None:
    asked = []
    vendor = MemoryHubSpot({}, **extra)
    vendor.get = vendor.post = lambda path, *_parts, **_named: asked.append(path) or Answer({}, ())
    list(HUBSPOT.pages(vendor, BY_NAME[name], Window(None, UNTIL, lambda _name: iter([{"id": "1"}]))))
    assert asked[0] == path


def test_search_has_a_limit_no_header_tells() -> None:
    assert HUBSPOT.rates(connection()) == (Rate("/search", 4, 1.0),)
    assert HUBSPOT.rates(connection(searches_per_second="9")) == (Rate("/search", 9, 1.0),)
    for wrong in ("0", "many", "1.5"):
        with pytest.raises(ConfigurationError, match="searches_per_second"):
            HUBSPOT.rates(connection(searches_per_second=wrong))


@pytest.mark.parametrize(
    ("remaining", "daily", "seconds"),
    [("190", "9", 0), ("19", "9", 0), ("18", "9", 10 / 190), ("0", "9", 10), ("100", "0", 86_400)],
)
def test_the_pace_follows_the_headers(remaining, daily, seconds) -> None:
    headers = {
        "X-HubSpot-RateLimit-Daily-Remaining": daily,
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Max": "190",
        "X-HubSpot-RateLimit-Remaining": remaining,
    }
    assert HUBSPOT.pause(headers) == pytest.approx(seconds)


@pytest.mark.parametrize("headers", [{}, {"X-HubSpot-RateLimit-Remaining": "x"}])
def test_an_answer_without_headers_sets_no_pace(headers) -> None:
    assert HUBSPOT.pause(headers) == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": "error", "message": "no"}, "no"),
        ({"status": "BAD_REFRESH_TOKEN", "message": "no", "correlationId": "1"}, "no"),
        ({"status": "COMPLETE", "results": [], "numErrors": 1}, None),
    ],
)
def test_an_error_is_told_from_an_answer(answer, said) -> None:
    assert HUBSPOT.refusal(answer) == said
