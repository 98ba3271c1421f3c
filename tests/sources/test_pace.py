"""Requests wait for their turn: as long as the vendor says, never longer, and never for the last answer."""

import threading
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuegap.errors import SourceError
from valuegap.sources.pace import Pace
from valuegap.sources.registry import SOURCES
from valuegap.sources.stream import Rate

PAGE = {"results": []}


def pace_of(fake_time, *rates) -> Pace:
    return Pace(rates, sleep=fake_time.sleep, monotonic=fake_time.monotonic)


def turns(pace, fake_time, paths) -> list[float]:
    found = []
    for path in paths:
        pace.take_turn(path)
        found.append(fake_time.now)
    return found


def test_a_rate_is_kept_ahead_of_the_request_and_only_for_its_paths(fake_time) -> None:
    pace = pace_of(fake_time, Rate("/search", 2, 1.0))
    assert turns(pace, fake_time, ["/a/search"] * 5) == [0, 0, 1, 1, 2]
    assert turns(pace, fake_time, ["/list"] * 5) == [2] * 5


def test_the_tighter_of_two_rates_counts(fake_time) -> None:
    pace = pace_of(fake_time, Rate("/x", 1, 10.0), Rate("", 3, 1.0))
    assert turns(pace, fake_time, ["/x", "/y", "/y", "/y", "/x", "/y"]) == [0, 0, 0, 1, 10, 10]


@given(
    st.lists(st.tuples(st.sampled_from(["/a", "/ab", "/b"]), st.floats(0, 3)), max_size=60),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_no_window_ever_holds_more_than_its_rate(asked, few, many) -> None:
    """As many threads as requests: each is asleep while the next one asks for its turn."""
    now, slept = [0.0], []
    rates = (Rate("a", few, 2.0), Rate("b", many, 5.0))
    pace, sent = Pace(rates, sleep=slept.append, monotonic=lambda: now[0]), []
    for path, idle in asked:
        now[0] += idle
        slept.clear()
        pace.take_turn(path)
        sent.append((path, now[0] + sum(slept)))
    for rate in rates:
        times = sorted(at for path, at in sent if rate.path in path)
        for first, beyond in zip(times, times[rate.requests :], strict=False):
            assert beyond - first >= rate.seconds - 1e-9


def test_threads_share_a_rate() -> None:
    found: list[float] = []
    pace = Pace((Rate("", 1, 1.0),), sleep=found.append, monotonic=lambda: 0.0)
    threads = [threading.Thread(target=pace.take_turn, args=("/x",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [1, 2, 3, 4, 5]


def test_a_hold_that_comes_while_one_sleeps_is_waited_for_too() -> None:
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 1:
            pace.hold(10)  # another thread was told to wait

    pace = Pace((Rate("", 1, 4.0),), sleep=sleep, monotonic=lambda: 0.0)
    pace.take_turn("/x")
    pace.take_turn("/x")
    assert slept == [4, 6]


# --- in the client --------------------------------------------------------------------------------------


def paced(**parts):
    return replace(SOURCES["hubspot"], **parts)


def test_a_vendors_headers_are_heeded_before_the_next_request(vendor, connect, fake_time) -> None:
    source = paced(pause=lambda headers: float(headers.get("x-reset", 0)))
    vendor.script(vendor.reply(PAGE, headers={"X-Reset": "6"}), vendor.reply(PAGE), PAGE)
    client = connect(source)
    client.get("/a")
    assert fake_time.slept == [], "the last answer of a night costs nothing"
    client.get("/b")
    client.get("/c")
    assert fake_time.slept == [6]


def test_time_that_has_passed_is_not_waited_for_again(vendor, connect, fake_time) -> None:
    client = connect(paced(pause=lambda _headers: 6.0))
    client.get("/a")
    fake_time.now += 4
    client.get("/b")
    assert fake_time.slept == [2]


def test_a_rate_of_the_source_is_kept(vendor, connect, fake_time) -> None:
    client = connect(paced(rates=lambda _connection: (Rate("/search", 4, 1.0),)))
    for _ in range(9):
        client.get("/search")
    assert fake_time.slept == [1, 1]


def test_a_stream_that_was_told_to_wait_holds_another_thread(vendor, connect) -> None:
    told, go_on = threading.Event(), threading.Event()

    def handle(request):
        if request.path == "/limited" and not told.is_set():
            told.set()
            return vendor.reply({}, 429, {"Retry-After": "30"})
        return PAGE

    vendor.handler = handle
    client = connect()
    client._pace._sleep = lambda _seconds: go_on.wait(10)
    limited = threading.Thread(target=lambda: client.for_stream("a").get("/limited"))
    limited.start()
    assert told.wait(10)
    while not client._pace.hold_seconds:
        pass
    other = threading.Thread(target=lambda: client.for_stream("b").get("/other"))
    other.start()
    other.join(0.2)
    assert [request.path for request in vendor.requests] == ["/limited"]
    go_on.set()
    for thread in (limited, other):
        thread.join(10)
    assert sorted(request.path for request in vendor.requests) == ["/limited", "/limited", "/other"]


def test_a_daily_quota_that_is_used_up_stops_the_stream_in_one_line(vendor, connect, fake_time) -> None:
    client = connect(paced(pause=lambda _headers: 5 * 3600.0)).for_stream("contacts")
    client.get("/a")
    with pytest.raises(SourceError, match=r"hubspot_default contacts: /b asks us to wait 300 minutes"):
        client.get("/b")
    assert len(vendor.requests) == 1
    assert fake_time.slept == []


def test_backoff_of_one_stream_does_not_hold_the_others(vendor, connect, fake_time) -> None:
    vendor.script(vendor.reply({}, 502), PAGE)
    client = connect()
    client.get("/a")
    assert len(fake_time.slept) == 1
    assert not client._pace.hold_seconds


def test_waits_grow_while_a_limit_says_nothing_of_when(vendor, connect, fake_time) -> None:
    vendor.script(*[vendor.reply({}, 429)] * 3, PAGE)
    connect().get("/a")
    assert all(later > earlier for earlier, later in pairwise(fake_time.slept))
