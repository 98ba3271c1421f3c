"""One source's part of a night: every stream paged, landed, and said so.

Pages are generators from the vendor's answer to the landed file, so memory holds one vendor page for each
stream that is read at the same time.
"""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from valuegap.errors import SourceError
from valuegap.landing import Landing, Manifest
from valuegap.night import Night
from valuegap.progress import Progress, silent
from valuegap.sources.client import (
    FORBIDDEN,
    Client,
    RefusedError,
    SourceUnavailableError,
    StoppedError,
)
from valuegap.sources.connection import SourceConnection
from valuegap.sources.json_page import read_record
from valuegap.sources.stream import Page, Pager, Source, Stream, Window

PROGRESS_EVERY = 20_000
NOT_ON_THIS_PLAN = "not on this plan"


@dataclass(frozen=True)
class LandedStream:
    """What the night has of one stream. `is_reused`: an earlier run of the same night landed it.

    `requests` were sent for it now, tries and token requests included; `fewest_requests` would have been
    enough for a client that knew beforehand how many records there are.
    """

    manifest: Manifest
    is_reused: bool
    requests: int = 0
    fewest_requests: int = 0

    @property
    def stream(self) -> str:
        """Name of the stream."""
        return self.manifest.stream

    @property
    def rows(self) -> int:
        """Records landed."""
        return self.manifest.rows


def extract_source(  # noqa: PLR0913, PLR0917 - one thing from each part of the night
    source: Source,
    connection: SourceConnection,
    night: Night,
    landing: Landing,
    cursors: Mapping[str, str | None],
    progress: Progress = silent,
) -> tuple[LandedStream, ...]:
    """Land every stream of a source. What this night has landed already is not asked for again.

    A stream that fails does not keep the others from landing; one that follows it fails with it. Up to
    `source.side_by_side` streams are read at the same time, and what is returned or raised does not depend
    on which of them was faster.

    Args:
        source: The vendor.
        connection: Where it answers, and our token.
        night: The night; its `until` ends every window.
        landing: Where records go.
        cursors: By stream, where its last loaded run ended; nothing or None on its first night.
        progress: Told of every stream, and of every 20,000 records on the way; one call at a time.

    Raises:
        SourceError: A stream could not be read; every other one that could be is landed.
        LandingError: The landing zone could not be written.
    """
    with Client(connection, source) as client:
        extraction = _Extraction(client, source, night, landing, cursors, _one_at_a_time(progress))
        outcomes = extraction.one_by_one() if source.side_by_side == 1 else extraction.side_by_side()
    in_order = [outcomes.get(stream.name) for stream in source.streams]
    if failures := [outcome for outcome in in_order if isinstance(outcome, _Failure)]:
        raise _summed_up(failures)
    return tuple(outcome for outcome in in_order if isinstance(outcome, LandedStream))


@dataclass(frozen=True)
class _Failure:
    stream: str
    error: SourceError

    @property
    def is_for_all(self) -> bool:
        return isinstance(self.error, SourceUnavailableError)


_Outcome = LandedStream | _Failure | None  # None: stopped, since another found that nothing can be read


@dataclass(frozen=True)
class _Extraction:
    """What all streams of one source have in common in one night."""

    client: Client
    source: Source
    night: Night
    landing: Landing
    cursors: Mapping[str, str | None]
    progress: Progress

    def one_by_one(self) -> Mapping[str, _Outcome]:
        outcomes: dict[str, _Outcome] = {}
        for stream in self.source.streams:
            outcomes[stream.name] = outcome = self._outcome(stream, lambda: None)
            if isinstance(outcome, _Failure) and outcome.is_for_all:
                break
        return outcomes

    def side_by_side(self) -> Mapping[str, _Outcome]:
        """Read streams in threads, each after those it follows, and only one until it has been answered.

        So a wrong token or a wrong host costs one request, and is said in one line.
        """
        outcomes: dict[str, _Outcome] = {}
        waiting, running = list(self.source.streams), dict[Future[Any], Stream]()
        answered: Future[Any] = Future()
        with ThreadPoolExecutor(self.source.side_by_side) as threads, self._stopped_by_errors():
            while waiting or running:
                free = (self.source.side_by_side if answered.done() else 1) - len(running)
                for stream in _ready(waiting, running.values())[:free]:
                    waiting.remove(stream)
                    running[threads.submit(self._outcome, stream, partial(_set, answered))] = stream
                done, _ = wait(running if answered.done() else [*running, answered], None, FIRST_COMPLETED)
                for future in done - {answered}:
                    outcomes[running.pop(future).name] = outcome = future.result()
                    if isinstance(outcome, _Failure) and outcome.is_for_all:
                        self.client.stop()
                        waiting.clear()
        return outcomes

    @contextmanager
    def _stopped_by_errors(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.client.stop()  # or the other threads would land all they have before this ends
            raise

    def _outcome(self, stream: Stream, answered: Callable[[], None]) -> _Outcome:
        """Land a stream; `answered` is called once it is known that the vendor speaks with us."""
        try:
            return self._land(stream, answered)
        except StoppedError:
            return None
        except SourceError as error:
            self.progress(f"{self.source.name} {stream.name}: {error}")
            if not isinstance(error, SourceUnavailableError):
                answered()
            return _Failure(stream.name, error)

    def _land(self, stream: Stream, answered: Callable[[], None]) -> LandedStream:
        name, cursor = f"{self.source.name} {stream.name}", self.cursors.get(stream.name)
        if (manifest := self._manifest(stream.name)) is not None:
            self.progress(f"{name}: {manifest.rows:,} records were landed already")
            return LandedStream(manifest, is_reused=True)
        fewest = FewestRequests()
        with self.client.for_stream(stream.name) as client:
            pages = self.source.pages(client, stream, Window(cursor, self.night.until, self._landed))
            try:
                manifest = self._write(stream, cursor, self._watched(pages, name, fewest, answered))
                self.progress(f"{name}: {manifest.rows:,} records landed")
            except RefusedError as refused:
                # Without a word of the vendor's it was a firewall, and nothing is known of the plan.
                if not stream.is_gated or refused.status != FORBIDDEN or not refused.said:
                    raise
                # Should the plan change, the stream goes on from where it ended.
                manifest = self._write(stream, cursor, [cursor] if cursor else [], note=NOT_ON_THIS_PLAN)
                self.progress(f"{name}: passed over, {NOT_ON_THIS_PLAN}. {refused.what}")
        return LandedStream(manifest, False, client.requests, fewest.total)

    def _write(
        self, stream: Stream, cursor: str | None, pages: Iterable[Page | str], *, note: str | None = None
    ) -> Manifest:
        return self.landing.write_stream(
            self.source.name, stream.name, self.night, Pager(iter(pages)), cursor_before=cursor, note=note
        )

    def _watched(
        self,
        pages: Iterable[Page | str],
        name: str,
        fewest: "FewestRequests",
        answered: Callable[[], None],
    ) -> Iterator[Page | str]:
        rows = 0
        for page in pages:
            if isinstance(page, Page):
                answered()
                fewest.count(page)
                before, rows = rows, rows + len(page.records)
                if rows // PROGRESS_EVERY > before // PROGRESS_EVERY:
                    self.progress(f"{name}: {rows:,} records so far")
            yield page

    def _landed(self, stream_name: str) -> Iterator[Mapping[str, Any]]:
        if (manifest := self._manifest(stream_name)) is None:
            raise SourceError(
                f"{self.source.name} {stream_name} did not land this night, and this stream needs its ids.",
                remedy=f"Mend what {stream_name} says, and run the night again.",
            )
        return _with_ids(self.landing.records(manifest))

    def _manifest(self, stream_name: str) -> Manifest | None:
        return self.landing.manifest(self.source.name, stream_name, self.night.run_id)


class FewestRequests:
    """Adds up, page by page, the requests of a client that knew beforehand how many records there are."""

    def __init__(self) -> None:
        """No page has come: none were needed."""
        self.total = 0
        self._query: tuple[object, ...] = ()
        self._rows = 0
        self._requests = 0

    def count(self, page: Page) -> None:
        """Take a page into account, as `Page` says."""
        query = (page.request.get("path"), page.context)
        if query != self._query or not page.page_size:
            self._query, self._rows, self._requests = query, 0, 0
            self.total += page.setup_requests
        self._rows += len(page.records)
        requests = max(1, math.ceil(self._rows / page.page_size)) if page.page_size else 1
        self.total += requests - self._requests
        self._requests = requests


def _ready(waiting: Iterable[Stream], running: Iterable[Stream]) -> list[Stream]:
    unfinished = {stream.name for stream in (*waiting, *running)}
    return [stream for stream in waiting if not unfinished & set(stream.follows)]


def _set(answered: Future[None]) -> None:
    if not answered.done():  # only one stream runs until it is
        answered.set_result(None)


def _one_at_a_time(progress: Progress) -> Progress:
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            progress(line)

    return say


def _with_ids(records: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """Parse landed records; one that the loader will set aside has no id to follow."""
    return (content for content in map(read_record, records) if "id" in content)


def _summed_up(failures: list[_Failure]) -> SourceError:
    # What keeps the whole source from being read is said first, and once, however many streams met it.
    first = next((failure for failure in failures if failure.is_for_all), failures[0])
    others = [failure for failure in failures if failure is not first and not failure.is_for_all]
    if not others:
        return first.error
    names = ", ".join(failure.stream for failure in others)
    return SourceError(f"{first.error.what} Also failed: {names}.", remedy=first.error.remedy)
