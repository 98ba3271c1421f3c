"""Zendesk's pagers: nothing between two nights is skipped, and no answer of the vendor makes them go on for ever."""

import json
import logging
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuegap.demo.company import generate_company
from valuegap.demo.faults import ArmedFault
from valuegap.demo.records import Versions
from valuegap.demo.server import UNLIMITED, serve
from valuegap.demo.tokens import DEMO_TOKENS
from valuegap.errors import SourceError
from valuegap.landing import Landing
from valuegap.night import Night
from valuegap.sources.client import Answer, RefusedError
from valuegap.sources.connection import SourceConnection
from valuegap.sources.extract import extract_source
from valuegap.sources.stream import OVERLAP, Page, Window
from valuegap.sources.zendesk import LIST_SIZE, PER_PAGE, STREAMS, ZENDESK

BY_NAME = {stream.name: stream for stream in STREAMS}
UNTIL = datetime(2026, 2, 1, tzinfo=UTC)
UNTIL_SECONDS = int(UNTIL.timestamp())
OVERLAP_SECONDS = int(OVERLAP.total_seconds())
DAY = 86400


class MemoryZendesk:
    """Answers with `answer(params)`, and remembers what was asked."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict]] = []

    def get(self, path, params, **_records) -> Answer:
        self.asked.append((path, dict(params)))
        assert len(self.asked) < 1000, "the pager never ends"
        envelope, found = self.answer(params)
        records = [each if isinstance(each, dict) else {"id": each} for each in found]
        return Answer(envelope, tuple(json.dumps(each).encode() for each in records))

    @staticmethod
    def error(path, what, *, remedy) -> SourceError:
        return SourceError(f"{path} {what}", remedy=remedy)


def read(vendor, name, cursor=None, until=UNTIL):
    items = list(ZENDESK.pages(vendor, BY_NAME[name], Window(cursor, until, lambda _name: iter(()))))
    cursors = [item for item in items if isinstance(item, str)]
    pages = [item for item in items if isinstance(item, Page)]
    return [json.loads(record)["id"] for page in pages for record in page.records], cursors


def kept(cursor, at=UNTIL_SECONDS) -> str:
    """Return a cursor as a night keeps it."""
    return json.dumps({"cursor": cursor, "at": at})


# --- cursor exports -----------------------------------------------------------------------------------


def cursor_export(pages):
    """Cursor "n" is after page n; an empty page in between is allowed."""

    def answer(params):
        number = int(params.get("cursor", 0))
        ids = pages[number] if number < len(pages) else []
        following = min(number + 1, len(pages))
        return {"after_cursor": str(following), "end_of_stream": following >= len(pages)}, ids

    return answer


@given(st.lists(st.lists(st.integers(), max_size=3), min_size=1, max_size=6))
def test_a_cursor_export_is_read_to_the_end_of_its_stream(pages) -> None:
    vendor = MemoryZendesk(cursor_export(pages))
    ids, cursors = read(vendor, "tickets")
    assert ids == [each for page in pages for each in page]
    assert cursors == [kept(str(len(pages)))]
    assert len(vendor.asked) == len(pages)


def test_the_first_night_begins_at_zero_and_the_next_at_the_kept_cursor() -> None:
    vendor = MemoryZendesk(cursor_export([[1], [2]]))
    read(vendor, "tickets")
    ids, _ = read(vendor, "tickets", kept("1"))
    assert ids == [2]
    common = {"per_page": str(PER_PAGE), "include": "metric_sets"}
    path = "/api/v2/incremental/tickets/cursor.json"
    assert vendor.asked == [
        (path, {"start_time": "0", **common}),
        (path, {"cursor": "1", **common}),
        (path, {"cursor": "1", **common}),
    ]


@pytest.mark.parametrize("cursor", ["1", "MTU3NjYxMzUzOS4wfHw0Njd8"])
def test_a_cursor_kept_before_times_were_kept_is_still_good(cursor) -> None:
    vendor = MemoryZendesk(lambda _params: ({"after_cursor": "next", "end_of_stream": True}, [1]))
    assert read(vendor, "tickets", cursor) == ([1], [kept("next")])
    assert vendor.asked[0][1]["cursor"] == cursor


def test_a_night_without_news_keeps_its_cursor() -> None:
    vendor = MemoryZendesk(lambda _params: ({"after_cursor": None, "end_of_stream": True}, []))
    assert read(vendor, "users", kept("old", 7)) == ([], [kept("old")])
    assert read(vendor, "users") == ([], [])


@pytest.mark.parametrize("length", [1, 3])
def test_cursors_that_go_round_in_circles_stop_the_night(length) -> None:
    def answer(params):
        number = int(params.get("cursor", -1))
        return {"after_cursor": str((number + 1) % length), "end_of_stream": False}, [1]

    vendor = MemoryZendesk(answer)
    with pytest.raises(SourceError, match="circles"):
        read(vendor, "tickets")
    assert len(vendor.asked) <= length + 1


def test_a_page_without_a_next_cursor_before_the_end_stops_the_night() -> None:
    with pytest.raises(SourceError, match="circles"):
        read(MemoryZendesk(lambda _params: ({"end_of_stream": False}, [1])), "tickets")


PAGES = [[1, 2], [3, 4], [5]]


# --- a cursor the vendor no longer takes -------------------------------------------------------------


class ForgetfulZendesk(MemoryZendesk):
    """Refuses the cursors in `forgotten`, each once or for ever."""

    def __init__(self, answer, forgotten, status=400, *, is_for_ever=False) -> None:
        super().__init__(answer)
        self.forgotten = set(forgotten)
        self.status = status
        self.is_for_ever = is_for_ever

    def get(self, path, params, **records) -> Answer:
        cursor = params.get("cursor")
        if cursor in self.forgotten:
            self.asked.append((path, dict(params)))
            if not self.is_for_ever:
                self.forgotten.remove(cursor)
            raise RefusedError("zendesk_default: InvalidCursor.", remedy="Look.", status=self.status)
        return super().get(path, params, **records)


@pytest.mark.parametrize("status", [400, 410, 422])
def test_an_expired_cursor_goes_back_to_before_the_night_it_was_kept(status, caplog) -> None:
    vendor = ForgetfulZendesk(cursor_export(PAGES), {"old"}, status)
    kept_at = UNTIL_SECONDS - DAY
    with caplog.at_level(logging.WARNING):
        ids, cursors = read(vendor, "tickets", kept("old", kept_at))
    assert ids == [1, 2, 3, 4, 5]
    assert cursors == [kept("3")]
    starts = [params.get("start_time") for _, params in vendor.asked]
    assert starts == [None, str(kept_at - OVERLAP_SECONDS), None, None]
    assert f"exported again from second {kept_at - OVERLAP_SECONDS} on" in caplog.text


def test_an_expired_cursor_without_a_time_goes_back_to_the_beginning() -> None:
    vendor = ForgetfulZendesk(cursor_export(PAGES), {"bare"})
    assert read(vendor, "users", "bare")[0] == [1, 2, 3, 4, 5]
    assert vendor.asked[1][1]["start_time"] == "0"


def test_a_cursor_that_expires_between_two_pages_loses_nothing() -> None:
    vendor = ForgetfulZendesk(cursor_export(PAGES), {"2"})
    ids, cursors = read(vendor, "tickets")
    assert set(ids) == {1, 2, 3, 4, 5}
    assert cursors == [kept("3")]


def test_a_vendor_that_forgets_every_cursor_stops_the_night() -> None:
    vendor = ForgetfulZendesk(cursor_export(PAGES), {"1"}, is_for_ever=True)
    with pytest.raises(RefusedError, match="InvalidCursor"):
        read(vendor, "tickets")
    assert len(vendor.asked) == 4


@pytest.mark.parametrize("status", [403, 404])
def test_another_refusal_is_no_expired_cursor(status) -> None:
    vendor = ForgetfulZendesk(cursor_export(PAGES), {"old"}, status)
    with pytest.raises(RefusedError):
        read(vendor, "tickets", kept("old"))
    assert len(vendor.asked) == 1


def test_a_refused_beginning_is_no_expired_cursor() -> None:
    vendor = ForgetfulZendesk(cursor_export(PAGES), {None}, 422)
    with pytest.raises(RefusedError):
        read(vendor, "tickets")
    assert len(vendor.asked) == 1


# --- time exports -------------------------------------------------------------------------------------


def time_export(seconds, page_size, *, says_end=True):
    """Ids are positions in `seconds`, when they changed; start_time is inclusive.

    Asked with `page[size]` it is the list of metric events: by cursor, two a page.
    """
    events = sorted((at, each) for each, at in enumerate(seconds))

    def answer(params):
        found = [(at, each) for at, each in events if at >= int(params["start_time"])]
        if "page[size]" in params:
            first = int(params.get("page[after]", 0))
            page, has_more = found[first : first + 2], len(found) > first + 2
            envelope = {"meta": {"has_more": has_more, "after_cursor": str(first + 2)}}
        else:
            page = found[:page_size]
            envelope = {"end_time": page[-1][0] if page else None}
            if says_end:
                envelope["end_of_stream"] = len(found) <= page_size
        times = [datetime.fromtimestamp(at, UTC).isoformat() for at, _ in page]
        return envelope, [{"id": each, "time": time} for (_, each), time in zip(page, times, strict=True)]

    return answer


@given(st.lists(st.integers(1, 60), max_size=60))
def test_a_time_export_loses_nothing_or_says_that_it_cannot_go_on(seconds) -> None:
    page_size = 4
    vendor = MemoryZendesk(time_export(seconds, page_size))
    try:
        ids, cursors = read(vendor, "ticket_events")
    except SourceError as error:
        assert "more records share it" in str(error)
        assert any(seconds.count(each) >= page_size for each in seconds)
        return
    assert set(ids) == set(range(len(seconds)))
    assert cursors == [str(max(seconds, default=0))]
    assert vendor.asked[0][1]["include"] == "comment_events"


def test_a_full_second_is_asked_for_once_and_stops_the_night() -> None:
    vendor = MemoryZendesk(time_export([7] * 10, 4))
    with pytest.raises(SourceError, match="second 7"):
        read(vendor, "organizations")
    assert len(vendor.asked) == 2


@given(st.lists(st.integers(1, 500), unique=True, max_size=40), st.integers(1, 500))
def test_the_next_night_goes_on_in_the_second_the_last_one_ended_in(seconds, split) -> None:
    first = [each for each in seconds if each <= split]
    _, (cursor,) = read(MemoryZendesk(time_export(first, 4)), "organizations")
    ids, _ = read(MemoryZendesk(time_export(seconds, 4)), "organizations", cursor)
    assert {seconds[each] for each in ids} >= {each for each in seconds if each >= max(first, default=0)}


def test_a_start_is_never_younger_than_a_minute() -> None:
    vendor = MemoryZendesk(lambda _params: ({"end_of_stream": True, "end_time": None}, []))
    young = UNTIL_SECONDS - 5
    read(vendor, "organizations", str(young))
    assert vendor.asked[0][1]["start_time"] == str(young - 55)


def test_a_change_from_a_time_to_come_does_not_move_the_next_night_past_others() -> None:
    years_ahead = UNTIL_SECONDS + 1000 * DAY
    vendor = MemoryZendesk(time_export([UNTIL_SECONDS - DAY, years_ahead], 4))
    _, (cursor,) = read(vendor, "organizations")
    vendor = MemoryZendesk(time_export([UNTIL_SECONDS + 5, years_ahead], 4))
    ids, _ = read(vendor, "organizations", cursor, until=UNTIL + timedelta(days=1))
    assert 0 in ids


@given(st.lists(st.integers(1, 30), max_size=60))
def test_without_end_of_stream_an_export_is_read_until_it_stands_still(seconds) -> None:
    vendor = MemoryZendesk(time_export(seconds, 4, says_end=False))
    ids, _ = read(vendor, "ticket_metric_events")
    if all(seconds.count(each) < 4 for each in seconds):
        assert set(ids) == set(range(len(seconds)))


@pytest.mark.parametrize("end_time", [1, 5])
def test_a_time_export_that_steps_back_stops_the_night(end_time) -> None:
    vendor = MemoryZendesk(lambda _params: ({"end_time": end_time, "end_of_stream": False}, [1]))
    with pytest.raises(SourceError, match="second 5"):
        read(vendor, "organizations", "5")


# --- metric events ------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 12), max_size=60))
def test_metric_events_get_past_a_second_that_fills_a_page(seconds) -> None:
    ids, cursors = read(MemoryZendesk(time_export(seconds, 4)), "ticket_metric_events")
    assert set(ids) == set(range(len(seconds)))
    assert cursors == [str(max(seconds, default=0))]


def test_after_a_full_second_the_larger_pages_are_asked_for_again() -> None:
    vendor = MemoryZendesk(time_export([7] * 9 + list(range(10, 40)), 4))
    read(vendor, "ticket_metric_events")
    listed = [params for _, params in vendor.asked if "page[size]" in params]
    assert len(listed) == 5
    assert {params["page[size]"] for params in listed} == {str(LIST_SIZE)}
    assert "page[size]" not in vendor.asked[-1][1]


def test_metric_events_that_show_late_are_still_found() -> None:
    _, (cursor,) = read(MemoryZendesk(time_export([OVERLAP_SECONDS * 2], 4)), "ticket_metric_events")
    late = MemoryZendesk(time_export([OVERLAP_SECONDS, OVERLAP_SECONDS * 2], 4))
    assert 0 in read(late, "ticket_metric_events", cursor)[0]


# --- lists ----------------------------------------------------------------------------------------------


def listed(pages):
    """Position "n" is before page n."""

    def answer(params):
        number = int(params.get("page[after]", 0))
        has_more = number + 1 < len(pages)
        meta = {"has_more": has_more, "after_cursor": str(number + 1) if has_more else None}
        return {"meta": meta}, pages[number]

    return answer


LISTS = ["satisfaction_ratings", "csat_responses", "ticket_fields", "deleted_tickets", "user_ids"]


@pytest.mark.parametrize("name", LISTS)
@given(pages=st.lists(st.lists(st.integers(), max_size=3), min_size=1, max_size=6))
def test_a_list_is_read_to_its_end(name, pages) -> None:
    vendor = MemoryZendesk(listed(pages))
    assert read(vendor, name)[0] == [each for page in pages for each in page]
    assert len(vendor.asked) == len(pages)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_goes_round_in_circles_stops_the_night(name) -> None:
    def answer(_params):
        return {"meta": {"has_more": True, "after_cursor": "same"}}, [1]

    with pytest.raises(SourceError, match="circles"):
        read(MemoryZendesk(answer), name)


def test_a_list_without_its_position_is_not_taken_for_whole() -> None:
    with pytest.raises(SourceError, match="does not say whether more records follow"):
        read(MemoryZendesk(lambda _params: ({"next_page": "…"}, [1])), "ticket_fields")


def test_ratings_are_asked_for_since_before_the_last_night() -> None:
    vendor = MemoryZendesk(listed([[1]]))
    _, (cursor,) = read(vendor, "satisfaction_ratings")
    read(vendor, "satisfaction_ratings", cursor, until=UNTIL + timedelta(days=1))
    (path, first), (_, second) = vendor.asked
    assert path == "/api/v2/satisfaction_ratings"
    assert first == {"page[size]": "100"}
    assert second == {"page[size]": "100", "start_time": str(UNTIL_SECONDS - OVERLAP_SECONDS)}


def test_survey_responses_are_read_again_as_long_as_they_can_be_answered() -> None:
    vendor = MemoryZendesk(listed([["01J"]]))
    _, (cursor,) = read(vendor, "csat_responses")
    read(vendor, "csat_responses", cursor, until=UNTIL + timedelta(days=1))
    (path, first), (_, second) = vendor.asked
    assert path == "/api/v2/guide/survey_responses"
    assert first == {"sort": "id", "page[size]": "50"}
    since = int(second["filter[created_at_start]"])
    assert since == (UNTIL_SECONDS - 28 * DAY - OVERLAP_SECONDS) * 1000


@pytest.mark.parametrize("name", ["ticket_fields", "deleted_tickets"])
def test_a_whole_list_keeps_no_cursor(name) -> None:
    vendor = MemoryZendesk(listed([[1], [2]]))
    assert read(vendor, name) == ([1, 2], [])
    assert vendor.asked[0] == (f"/api/v2/{name}", {"page[size]": "100"})


@pytest.mark.parametrize(("name", "counted"), [("user_ids", "users"), ("organization_ids", "organizations")])
def test_a_census_is_taken_on_the_first_night_and_every_seventh_after(name, counted) -> None:
    vendor, cursor, taken = MemoryZendesk(listed([[1]])), None, []
    for night in range(16):
        ids, (cursor,) = read(vendor, name, cursor, until=UNTIL + timedelta(days=night))
        taken += [night] if ids else []
    assert taken == [0, 7, 14]
    assert cursor == "2026-02-14"
    assert {path for path, _ in vendor.asked} == {f"/api/v2/{counted}"}


def test_a_census_that_missed_its_night_is_taken_on_the_next() -> None:
    vendor = MemoryZendesk(listed([[1]]))
    assert read(vendor, "user_ids", "2026-01-22")[0] == [1]
    assert read(vendor, "user_ids", "2026-01-25")[0] == []


# --- who we are, and how fast ---------------------------------------------------------------------------


def connection(**parts) -> SourceConnection:
    return SourceConnection("zendesk_default", "https://acme.zendesk.example", **parts)


def test_a_client_of_oauth_asks_for_a_token_that_ends() -> None:
    request = ZENDESK.token(connection(extra={"client_id": "warehouse", "client_secret": "hush"}))
    assert request.path == "/oauth/tokens"
    assert request.form == {
        "grant_type": "client_credentials",
        "client_id": "warehouse",
        "client_secret": "hush",
        "scope": "read",
        "expires_in": "3600",
    }
    assert "hush" not in repr(request)


@pytest.mark.parametrize("extra", [{}, {"client_id": "warehouse"}, {"client_secret": "hush"}])
def test_without_a_whole_client_the_api_token_is_used(extra) -> None:
    to = connection(login="a@b.example", password="t", extra=extra)
    assert ZENDESK.token(to) is None
    assert ZENDESK.headers(to)["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Zendesk-RateLimit-Incremental-Exports": "total=10; remaining=0; resets=44"}, 44),
        ({"zendesk-ratelimit-incremental-exports": "total=10; remaining=1; resets=44"}, 0),
        ({"zendesk-ratelimit-incremental-exports-cursor": "total=20; remaining=0; resets=9"}, 9),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12),
        ({"ratelimit-remaining": "3", "ratelimit-reset": "12"}, 0),
        (
            {
                "RateLimit-Remaining": "0",
                "RateLimit-Reset": "5",
                "zendesk-ratelimit-x": "remaining=0;resets=8",
            },
            8,
        ),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "soon"}, 0),
        ({"zendesk-ratelimit-x": "nonsense"}, 0),
    ],
)
def test_a_limit_that_is_used_up_makes_us_wait_until_it_opens(headers, seconds) -> None:
    assert ZENDESK.pause(headers) == seconds


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": "invalid_token", "error_description": "It is expired"}, "invalid_token It is expired"),
        ({"error": "RecordNotFound", "description": "Not found"}, "RecordNotFound Not found"),
        ({"error": {"title": "Forbidden", "message": "You do not have access"}}, "You do not have access"),
        ({"errors": [{"code": "InvalidCursor", "title": "Bad cursor"}, "twice"]}, "Bad cursor; twice"),
        ({"errors": []}, None),
        ({"tickets": [], "error": None}, None),
    ],
)
def test_every_shape_of_error_is_read(body, said) -> None:
    assert ZENDESK.refusal(body) == said


# --- nights against the emulated account ------------------------------------------------------------------

FIRST, SECOND = Night(date(2026, 1, 31)), Night(date(2026, 2, 1))
API_TOKEN = {"login": DEMO_TOKENS.zendesk_email, "password": DEMO_TOKENS.zendesk}
OAUTH = {"extra": {"client_id": DEMO_TOKENS.zendesk_client, "client_secret": DEMO_TOKENS.zendesk_secret}}


@pytest.fixture(scope="module")
def company():
    return generate_company(seed=5, size="S", nights=2)


def land(server, root, night=FIRST, cursors=None, credentials=API_TOKEN):
    """Land a night; return its streams and the cursors it ended at."""
    landing = Landing(root, clock=lambda: datetime(2026, 2, 1, tzinfo=UTC))
    to = SourceConnection("zendesk_default", f"{server.base_url}/zendesk", **credentials)
    server.clock.move_to(night.as_of_date)
    landed = extract_source(ZENDESK, to, night, landing, cursors or {})
    streams = {stream.stream: list(landing.records(stream.manifest)) for stream in landed}
    return streams, {stream.stream: stream.manifest.cursor_after for stream in landed}


def test_a_night_by_oauth_lands_the_same_as_one_by_the_api_token(company, tmp_path) -> None:
    with serve(company, as_of=FIRST.as_of_date, speed=UNLIMITED) as server:
        by_token, _ = land(server, tmp_path / "token")
        server.faults.arm(ArmedFault("zendesk_token_expired", "zendesk", "ticket_events"))
        by_oauth, _ = land(server, tmp_path / "oauth", credentials=OAUTH)
        assert server.faults.counts["zendesk", "zendesk_token_expired"] == 1
    assert by_oauth == by_token
    assert by_token["tickets"]
    assert by_token["organization_ids"]


def test_a_night_whose_cursors_expired_lands_what_changed(company, tmp_path) -> None:
    with serve(company, as_of=FIRST.as_of_date, speed=UNLIMITED) as server:
        _, cursors = land(server, tmp_path)
        undisturbed, _ = land(server, tmp_path / "undisturbed", SECOND, cursors)
        for stream in ("users", "tickets"):
            server.faults.arm(ArmedFault("zendesk_expired_cursor", "zendesk", f"incremental/{stream}"))
        begun_anew, _ = land(server, tmp_path / "anew", SECOND, cursors)
        assert server.faults.counts["zendesk", "zendesk_expired_cursor"] == 2
    for stream in ("users", "tickets"):
        assert undisturbed[stream]
        assert set(undisturbed[stream]) < set(begun_anew[stream])
    assert len(begun_anew["tickets"]) < company.zendesk["tickets"].frame["id"].nunique() / 2


def test_a_plan_without_ratings_lands_all_else(company, tmp_path) -> None:
    with serve(company, as_of=FIRST.as_of_date, speed=UNLIMITED) as server:
        for path in ("satisfaction_ratings", "survey_responses"):
            server.faults.arm(ArmedFault("zendesk_plan_gate", "zendesk", path))
        streams, _ = land(server, tmp_path)
    assert {"satisfaction_ratings": [], "csat_responses": []}.items() <= streams.items()
    assert streams["ticket_fields"]


def test_more_metric_events_in_one_second_than_a_page_holds_land_all(company, tmp_path) -> None:
    at = pd.Series(np.repeat(np.array(["2026-01-05T12:00", "2026-01-06"], "datetime64[us]"), 2500))
    ids = np.arange(len(at))
    frame = pd.DataFrame({"id": ids, "updated_at": at, "visible_at": at, "state": "live"})

    def render(rows):
        times = rows["updated_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        return [{"id": each, "time": time} for each, time in zip(rows["id"], times, strict=True)]

    pinned = {**company.zendesk, "ticket_metric_events": Versions(frame, render)}
    with serve(replace(company, zendesk=pinned), as_of=FIRST.as_of_date, speed=UNLIMITED) as server:
        streams, _ = land(server, tmp_path)
    assert {json.loads(record)["id"] for record in streams["ticket_metric_events"]} == set(ids.tolist())


def test_a_census_counts_who_is_there(company, tmp_path) -> None:
    with serve(company, as_of=FIRST.as_of_date, speed=UNLIMITED) as server:
        streams, cursors = land(server, tmp_path)
        second, _ = land(server, tmp_path, SECOND, cursors)
    exported = Counter(json.loads(record)["active"] for record in streams["users"])
    assert exported[False] > 0
    assert len(streams["user_ids"]) == exported[True]
    assert second["user_ids"] == []
