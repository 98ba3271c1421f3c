"""Zendesk's pager: cursor exports go on where they stopped, time exports overlap and never stand still."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuegap.errors import SourceError
from valuegap.sources.client import Answer
from valuegap.sources.stream import Page, Window
from valuegap.sources.zendesk import PER_PAGE, STREAMS, ZENDESK

BY_NAME = {stream.name: stream for stream in STREAMS}
UNTIL = datetime(2026, 2, 1, tzinfo=UTC)


class MemoryZendesk:
    """Answers with `answer(params)`, and remembers what was asked."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict]] = []

    def get(self, path, params, **_records) -> Answer:
        self.asked.append((path, dict(params)))
        assert len(self.asked) < 1000, "the pager never ends"
        envelope, ids = self.answer(params)
        return Answer(envelope, tuple(json.dumps({"id": each}).encode() for each in ids))

    @staticmethod
    def error(path, what, *, remedy) -> SourceError:
        return SourceError(f"{path} {what}", remedy=remedy)


def read(vendor, name, cursor=None):
    items = list(ZENDESK.pages(vendor, BY_NAME[name], Window(cursor, UNTIL, lambda _name: iter(()))))
    cursors = [item for item in items if isinstance(item, str)]
    pages = [item for item in items if isinstance(item, Page)]
    return [json.loads(record)["id"] for page in pages for record in page.records], cursors


# --- cursor exports -----------------------------------------------------------------------------------


def cursor_export(pages):
    """Cursor "n" is after page n; an empty page in between is allowed."""

    def answer(params):
        number = int(params.get("cursor", 0))
        ids = pages[number] if number < len(pages) else []
        after = min(number + 1, len(pages))
        return {"after_cursor": str(after), "end_of_stream": after >= len(pages)}, ids

    return answer


@given(st.lists(st.lists(st.integers(), max_size=3), min_size=1, max_size=6))
def test_a_cursor_export_is_read_to_the_end_of_its_stream(pages) -> None:
    vendor = MemoryZendesk(cursor_export(pages))
    ids, cursors = read(vendor, "tickets")
    assert ids == [each for page in pages for each in page]
    assert cursors == [str(len(pages))]
    assert len(vendor.asked) == len(pages)


def test_the_first_night_begins_at_zero_and_the_next_at_the_kept_cursor() -> None:
    vendor = MemoryZendesk(cursor_export([[1], [2]]))
    read(vendor, "tickets")
    ids, _ = read(vendor, "tickets", "1")
    assert ids == [2]
    common = {"per_page": str(PER_PAGE), "include": "metric_sets"}
    path = "/api/v2/incremental/tickets/cursor.json"
    assert vendor.asked == [
        (path, {"start_time": "0", **common}),
        (path, {"cursor": "1", **common}),
        (path, {"cursor": "1", **common}),
    ]


def test_a_night_without_news_keeps_its_cursor() -> None:
    vendor = MemoryZendesk(lambda _params: ({"after_cursor": None, "end_of_stream": True}, []))
    assert read(vendor, "users", "kept") == ([], ["kept"])
    assert read(vendor, "users") == ([], [])


@pytest.mark.parametrize("length", [1, 3])
def test_cursors_that_go_round_in_circles_stop_the_night(length) -> None:
    asked = []

    def answer(params):
        asked.append(params)
        return {"after_cursor": f"c{len(asked) % length}", "end_of_stream": False}, [1]

    with pytest.raises(SourceError, match="circles"):
        read(MemoryZendesk(answer), "tickets")
    assert len(asked) <= length + 1


def test_a_page_without_a_next_cursor_before_the_end_stops_the_night() -> None:
    with pytest.raises(SourceError, match="circles"):
        read(MemoryZendesk(lambda _params: ({"end_of_stream": False}, [1])), "tickets")


# --- time exports -------------------------------------------------------------------------------------


def time_export(seconds, page_size):
    """Ids are positions in `seconds`, when they changed; start_time is inclusive."""

    def answer(params):
        start = int(params["start_time"])
        found = sorted((at, each) for each, at in enumerate(seconds) if at >= start)
        page = found[:page_size]
        end = page[-1][0] if page else None
        return {"end_time": end, "end_of_stream": len(found) <= page_size}, [each for _, each in page]

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
    assert {seconds[each] for each in ids} >= {each for each in seconds if each > split}


def test_a_start_is_never_younger_than_a_minute() -> None:
    vendor = MemoryZendesk(lambda _params: ({"end_of_stream": True, "end_time": None}, []))
    young = int(UNTIL.timestamp()) - 5
    read(vendor, "organizations", str(young))
    assert vendor.asked[0][1]["start_time"] == str(young - 55)


def test_without_end_of_stream_a_page_that_is_not_full_is_the_last() -> None:
    vendor = MemoryZendesk(lambda params: ({"end_time": int(params["start_time"]) + 1}, [1]))
    assert read(vendor, "organizations") == ([1], ["1"])
