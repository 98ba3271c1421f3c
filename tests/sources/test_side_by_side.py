"""Streams of one source at the same time: each after those it follows, and the same result as one by one."""

import json
import os
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial

import pytest

from valuegap.errors import LandingError, SourceError
from valuegap.landing import Landing
from valuegap.night import Night
from valuegap.sources import extract as extract_module
from valuegap.sources.client import Client, Limits, SourceUnavailableError
from valuegap.sources.connection import SourceConnection
from valuegap.sources.extract import FewestRequests, extract_source
from valuegap.sources.registry import SOURCES
from valuegap.sources.stream import Field, Page, Stream, TokenRequest

NIGHT = Night(date(2026, 1, 31))
FIELDS = (Field("id", "$.id", required=True),)
PER_PAGE = 2


def pages(client, stream, window):
    """Two records a page; a stream that follows another asks for each of its ids."""
    for followed in stream.follows:
        for record in window.landed(followed):
            answer = client.get(f"/{stream.name}/{record['id']}", records=("results",))
            yield Page(answer.records, {"path": f"/{stream.name}"}, page_size=PER_PAGE)
    if stream.follows:
        return
    position = 0
    while True:
        params = {"offset": str(position)}
        answer = client.get(f"/{stream.name}", params, records=("results",))
        yield Page(answer.records, {"path": f"/{stream.name}", **params}, page_size=PER_PAGE)
        if not answer.envelope.get("more"):
            break
        position += PER_PAGE
    yield f"after {stream.name}"


def a_source(*streams, at_once=3, **parts):
    return replace(
        SOURCES["hubspot"],
        streams=streams,
        pages=pages,
        side_by_side=at_once,
        pause=lambda _headers: 0.0,
        rates=lambda _connection: (),
        **parts,
    )


def a_stream(name, *, follows=(), gated=False):
    return Stream(name, FIELDS, version=None, follows=follows, is_gated=gated)


STREAMS = tuple(a_stream(name) for name in ("a", "b", "c", "d", "e"))
LAST = a_stream("of_a_and_c", follows=("a", "c"))


class Shelf:
    """Serves `rows` records a stream, and knows how many requests stood open at the same time."""

    def __init__(self, vendor, rows=5, delay=0.0) -> None:
        self.vendor, self.rows, self.delay = vendor, rows, delay
        self.open, self.most_open, self.special = 0, 0, {}
        self._lock = threading.Lock()
        vendor.handler = self.handle

    def handle(self, request):
        with self._lock:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        time.sleep(self.delay)
        with self._lock:
            self.open -= 1
        if request.path in self.special:
            return self.special[request.path]
        if "offset" not in request.params:
            return {"results": [{"id": request.path}]}
        offset = int(request.params["offset"])
        ids = range(offset, min(offset + PER_PAGE, self.rows))
        return {"results": [{"id": str(each)} for each in ids], "more": ids.stop < self.rows}

    @property
    def asked(self):
        return [request.path for request in self.vendor.requests]


@pytest.fixture
def shelf(vendor) -> Shelf:
    return Shelf(vendor)


@pytest.fixture
def extract(vendor, tmp_path):
    def run(source, root=None, *, cursors=None, progress=lambda _line: None):
        landing = Landing(root or tmp_path / "landing", clock=lambda: datetime(2026, 2, 1, tzinfo=UTC))
        limits = Limits(attempts=2, connect_seconds=2, silence_seconds=5)
        to = SourceConnection("hubspot_default", vendor.url, password="s3cret-token")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                extract_module, "Client", partial(Client, sleep=lambda _seconds: None, limits=limits)
            )
            return extract_source(source, to, NIGHT, landing, cursors or {}, progress)

    return run


def landed_files(root):
    files = (file for file in sorted(root.rglob("*")) if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(root)): file.read_bytes() for file in files}


def test_side_by_side_lands_the_same_bytes_as_one_by_one(vendor, shelf, extract, tmp_path) -> None:
    shelf.delay = 0.02
    alone = extract(a_source(*STREAMS, LAST, at_once=1), tmp_path / "alone")
    assert shelf.most_open == 1
    together = extract(a_source(*STREAMS, LAST, at_once=3), tmp_path / "together")
    assert shelf.most_open == 3
    assert landed_files(tmp_path / "together") == landed_files(tmp_path / "alone")
    assert [stream.stream for stream in together] == ["a", "b", "c", "d", "e", "of_a_and_c"]
    assert [stream.requests for stream in together] == [stream.requests for stream in alone] == [3] * 5 + [10]


def test_a_stream_waits_for_those_it_follows(vendor, shelf, extract) -> None:
    shelf.delay = 0.02
    extract(a_source(LAST, *STREAMS, at_once=6))
    followed = [number for number, path in enumerate(shelf.asked) if path in ("/a", "/c")]
    following = [number for number, path in enumerate(shelf.asked) if path.startswith("/of_a_and_c")]
    assert max(followed) < min(following)


def test_a_failed_stream_stops_itself_and_what_follows_it_whoever_was_faster(
    vendor, shelf, extract, tmp_path
) -> None:
    shelf.special = {"/c": vendor.reply({}, 400), "/d": vendor.reply({}, 404)}
    said = set()
    for attempt in range(4):
        with pytest.raises(SourceError) as caught:
            extract(a_source(*STREAMS, LAST), tmp_path / str(attempt))
        said.add(str(caught.value))
    assert len(said) == 1
    assert "hubspot_default c: GET /c was refused (HTTP 400)" in said.pop()
    assert "Also failed: d, of_a_and_c." in str(caught.value)


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_wrong_token_costs_one_request_and_one_line(vendor, shelf, extract, at_once) -> None:
    vendor.handler = lambda _request: vendor.reply({"status": "error", "message": "no"}, 401)
    lines = []
    with pytest.raises(SourceUnavailableError, match="hubspot_default a: "):
        extract(a_source(*STREAMS, at_once=at_once), progress=lines.append)
    assert len(vendor.requests) == 1
    assert len(lines) == 1


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_source_that_goes_away_mid_run_stops_all_and_a_re_run_goes_on(
    vendor, shelf, extract, tmp_path, at_once
) -> None:
    shelf.rows = 400

    def let_in(request):
        if len(vendor.requests) > 250:
            return vendor.reply({"status": "error", "message": "expired"}, 401)
        return shelf.handle(request)

    vendor.handler = let_in
    with pytest.raises(SourceUnavailableError, match=r"our credentials at /. \(HTTP 401\)"):
        extract(a_source(*STREAMS, at_once=at_once))
    assert len(vendor.requests) <= 250 + at_once
    vendor.requests.clear()
    vendor.handler = shelf.handle
    landed = extract(a_source(*STREAMS, at_once=at_once))
    assert [stream.rows for stream in landed] == [400] * 5
    assert {stream.is_reused for stream in landed} == ({True, False} if at_once == 1 else {False})


def test_a_full_disk_stops_all_streams(vendor, shelf, extract, monkeypatch) -> None:
    shelf.rows = 600
    fsync, full = os.fsync, iter([OSError(28, "No space left on device")])

    def full_once(descriptor):
        for error in full:
            raise error
        fsync(descriptor)

    monkeypatch.setattr("valuegap.landing.RECORDS_PER_FILE", 100)
    monkeypatch.setattr("valuegap.landing.os.fsync", full_once)
    with pytest.raises(LandingError, match="No space left"):
        extract(a_source(*STREAMS))
    assert len(vendor.requests) < 2 * 600 / PER_PAGE


def test_progress_is_told_by_one_thread_at_a_time(vendor, shelf, extract) -> None:
    inside = threading.Lock()

    def progress(_line):
        assert inside.acquire(blocking=False)
        time.sleep(0.005)
        inside.release()

    extract(a_source(*STREAMS, at_once=5), progress=progress)


# --- streams that are not sold to everyone ---------------------------------------------------------------


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_stream_that_is_not_on_this_plan_is_marked_and_passed_over(
    vendor, shelf, extract, tmp_path, at_once
) -> None:
    shelf.special = {"/b": vendor.reply({"status": "error", "message": "upgrade"}, 403)}
    streams = (a_stream("a"), a_stream("b", gated=True), a_stream("c"))
    lines: list[str] = []
    landed = extract(a_source(*streams, at_once=at_once), cursors={"b": "kept"}, progress=lines.append)
    manifest = landed[1].manifest
    assert (manifest.note, manifest.rows, manifest.cursor_after) == ("not on this plan", 0, "kept")
    assert [stream.rows for stream in landed] == [5, 0, 5]
    (line,) = [line for line in lines if line.startswith("hubspot b: passed over, not on this plan.")]
    assert "It said: upgrade." in line
    assert all(stream.is_reused for stream in extract(a_source(*streams, at_once=at_once)))


def test_only_what_is_gated_is_passed_over_and_only_for_403(vendor, shelf, extract, tmp_path) -> None:
    shelf.special = {"/b": vendor.reply({}, 403)}
    with pytest.raises(SourceError, match=r"b: GET /b was refused \(HTTP 403\).* or the account a plan"):
        extract(a_source(a_stream("a"), a_stream("b")), tmp_path / "one")
    shelf.special = {"/b": vendor.reply({}, 404)}
    with pytest.raises(SourceError, match=r"refused \(HTTP 404\)"):
        extract(a_source(a_stream("a"), a_stream("b", gated=True)), tmp_path / "two")


# --- requests against the fewest possible ----------------------------------------------------------------


def fewest(*queries) -> int:
    counter = FewestRequests()
    for path, rows, parts in queries:
        counter.count(Page((b"{}",) * rows, {"path": path}, **parts))
    return counter.total


@pytest.mark.parametrize(
    ("queries", "expected"),
    [
        pytest.param([], 0, id="nothing was asked"),
        pytest.param([("/a", 0, {"page_size": 100})], 1, id="a query of nothing is one request"),
        pytest.param([("/a", 100, {"page_size": 100}), ("/a", 0, {"page_size": 100})], 1, id="a full page"),
        pytest.param([("/a", 100, {"page_size": 100}), ("/a", 1, {"page_size": 100})], 2, id="one more"),
        pytest.param([("/a", 30, {"page_size": 100})] * 4, 2, id="pages smaller than they could be"),
        pytest.param([("/a", 1, {"page_size": 9}), ("/b", 1, {"page_size": 9})], 2, id="two queries"),
        pytest.param([("/a", 5, {}), ("/a", 5, {})], 2, id="pages that are queries of their own"),
        pytest.param(
            [("/a", 1000, {"page_size": 10**9, "setup_requests": 2, "context": {"survey_id": "1"}})] * 3
            + [("/a", 0, {"page_size": 10**9, "setup_requests": 2, "context": {"survey_id": "2"}})],
            6,
            id="an export job each: start, look, fetch",
        ),
    ],
)
def test_the_fewest_requests_are_what_the_records_need(queries, expected) -> None:
    assert fewest(*queries) == expected


def test_tries_and_tokens_are_counted_too(vendor, shelf, extract, tmp_path) -> None:
    unlucky = {2, 4}

    def stumble(request):
        if request.path == "/token":
            return {"access_token": "t"}
        return vendor.reply({}, 503) if len(vendor.requests) in unlucky else shelf.handle(request)

    vendor.handler = stumble
    source = a_source(*STREAMS, at_once=1, token=lambda _connection: TokenRequest("/token", {}))
    landed = extract(source)
    assert sum(stream.requests for stream in landed) == len(vendor.requests) == 5 * 3 + 2 + 1
    assert sum(stream.fewest_requests for stream in landed) == 5 * 3
    again = extract(source)
    assert sum(stream.requests for stream in again) == 0
    assert json.loads(landed[0].manifest.folder.joinpath("manifest.json").read_text()).keys() == {
        *("source", "stream", "run_id", "as_of_date", "started_at", "finished_at", "note", "rows", "pages"),
        *("cursor_before", "cursor_after"),
    }
