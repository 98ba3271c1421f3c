"""HubSpot's pager: no object is lost at a boundary, by the 10,000 cap, by archiving, or while we page."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuegap.errors import SourceError
from valuegap.sources.client import Answer
from valuegap.sources.hubspot import HUBSPOT, STREAMS
from valuegap.sources.stream import OVERLAP, Page, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
UNTIL = datetime(2026, 2, 1, tzinfo=UTC)
MIDNIGHT_BEFORE = UNTIL - timedelta(days=1)


def milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


class MemoryHubSpot:
    """Search and archived list over `objects`, id -> changed at; `between` runs before every search."""

    def __init__(self, objects, *, cap=10_000, archived=(), between=lambda _vendor: None) -> None:
        self.objects, self.cap, self.archived, self.between = dict(objects), cap, list(archived), between
        self.searches: list[dict] = []
        self.lists: list[dict] = []

    def post(self, path, body, *, records) -> Answer:
        assert records == ("results",)
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

    def get(self, path, params, **_records) -> Answer:
        assert path == "/crm/v3/objects/deals"
        assert params["archived"] == "true"
        self.lists.append(dict(params))
        start, limit = int(params.get("after", 0)), int(params["limit"])
        texts = [json.dumps({"id": str(each), "archived": True}).encode() for each in self.archived]
        more = {"paging": {"next": {"after": str(start + limit)}}} if start + limit < len(texts) else {}
        return Answer(more, tuple(texts[start : start + limit]))

    @property
    def connection(self):
        return type("Connection", (), {"extra": {}})

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


def read(vendor, cursor=None, *, name="deals", landed=None):
    """Ids in the order landed, and the next cursor."""
    items = list(HUBSPOT.pages(vendor, BY_NAME[name], Window(cursor, UNTIL, landed)))
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
    assert cursors == [UNTIL.isoformat()]


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


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([Answer({"total": 9}, (b'{"id":"1"}',))] * 2, id="the same page again"),
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


# --- archived, owners ---------------------------------------------------------------------------------


def test_archived_objects_follow_the_changed_ones_whenever_they_changed() -> None:
    vendor = MemoryHubSpot({500: 0}, archived=range(1, 251))
    assert read(vendor, MIDNIGHT_BEFORE.isoformat())[0] == list(range(1, 251))
    assert [each.get("after") for each in vendor.lists] == [None, "100", "200"]
    assert "dealstage" in vendor.lists[0]["properties"].split(",")


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


# --- associations -------------------------------------------------------------------------------------


class MemoryAssociations(MemoryHubSpot):
    """Associations by from-id, at most `per_answer` an object an answer; none is an error, as HubSpot's."""

    def __init__(self, to, *, per_answer=2, category="OBJECT_NOT_FOUND") -> None:
        super().__init__({})
        self.to, self.per_answer, self.category = to, per_answer, category
        self.batches: list[list[dict]] = []

    def post(self, path, body, **_records) -> Answer:
        assert path == "/crm/v4/associations/deals/contacts/batch/read"
        self.batches.append(body["inputs"])
        texts, errors = [], []
        for asked in body["inputs"]:
            if not self.to.get(asked["id"]):
                errors.append({"category": self.category, "message": "none"})
                continue
            start = int(asked.get("after", 0))
            end = start + self.per_answer
            record = {"from": {"id": asked["id"]}, "to": self.to[asked["id"]][start:end]}
            if end < len(self.to[asked["id"]]):
                record["paging"] = {"next": {"after": str(end)}}
            texts.append(json.dumps(record, separators=(",", ":")).encode())
        return Answer({"status": "COMPLETE", "errors": errors}, tuple(texts))


def associations(vendor, landed) -> list[dict]:
    window = Window(None, UNTIL, lambda name: iter(landed) if name == "deals" else iter(()))
    pages = list(HUBSPOT.pages(vendor, BY_NAME["deal_contacts"], window))
    return [json.loads(record) for page in pages for record in page.records]


@given(st.dictionaries(st.integers(1, 99).map(str), st.lists(st.integers(), max_size=9), max_size=9))
def test_every_landed_object_has_one_record_with_all_its_associations(to) -> None:
    landed = [{"id": each} for each in to]
    found = associations(MemoryAssociations(to), landed)
    assert [(each["from"]["id"], each["to"]) for each in found] == list(to.items())


def test_a_record_that_came_in_one_answer_is_the_vendors_text() -> None:
    vendor = MemoryAssociations({"1": [5]})
    (page,) = HUBSPOT.pages(
        vendor, BY_NAME["deal_contacts"], Window(None, UNTIL, lambda _name: iter([{"id": "1"}]))
    )
    assert page.records == (b'{"from":{"id":"1"},"to":[5]}',)


def test_ids_are_asked_for_in_batches_of_a_thousand_without_archived_ones() -> None:
    landed = [{"id": str(each), "archived": each % 2 == 0} for each in range(3001)]
    vendor = MemoryAssociations({str(each): [1] for each in range(3001)})
    assert len(associations(vendor, landed)) == 1500
    assert [len(batch) for batch in vendor.batches] == [1000, 500]


def test_a_partial_error_that_is_not_an_absence_stops_the_night() -> None:
    with pytest.raises(SourceError, match="left objects out"):
        associations(MemoryAssociations({}, category="INTERNAL_ERROR"), [{"id": "1"}])
