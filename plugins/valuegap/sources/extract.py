"""One source's part of a night: every stream paged, landed, and said so.

Pages are generators from the vendor's answer to the landed file, so memory holds one vendor page.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from valuegap.errors import SourceError
from valuegap.landing import Landing, Manifest
from valuegap.night import Night
from valuegap.sources.client import Client, SourceUnavailableError
from valuegap.sources.connection import SourceConnection
from valuegap.sources.stream import Page, Pager, Source, Stream, Window

PROGRESS_EVERY = 20_000

Progress = Callable[[str], None]
"""Called with one line for a person."""


@dataclass(frozen=True)
class LandedStream:
    """What the night has of one stream. `is_reused`: an earlier run of the same night landed it."""

    manifest: Manifest
    is_reused: bool

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
    progress: Progress = lambda _line: None,
) -> tuple[LandedStream, ...]:
    """Land every stream of a source, in order. What this night has landed already is not asked for again.

    A stream that fails does not keep the others from landing; one that follows it fails with it.

    Args:
        source: The vendor.
        connection: Where it answers, and our token.
        night: The night; its `until` ends every window.
        landing: Where records go.
        cursors: By stream, where its last loaded run ended; nothing or None on its first night.
        progress: Told of every stream, and of every 20,000 records on the way.

    Raises:
        SourceError: A stream could not be read; every other one that could be is landed.
        LandingError: The landing zone could not be written.
    """
    landed: list[LandedStream] = []
    failures: dict[str, SourceError] = {}
    with Client(connection, source.headers(connection), source.refusal) as client:
        extraction = _Extraction(client, source, night, landing, progress)
        for stream in source.streams:
            try:
                landed.append(extraction.land(stream, cursors.get(stream.name)))
            except SourceError as error:
                failures[stream.name] = error
                progress(f"{source.name} {stream.name}: {error}")
                if isinstance(error, SourceUnavailableError):
                    break
    if failures:
        raise _summed_up(failures)
    return tuple(landed)


@dataclass(frozen=True)
class _Extraction:
    """What all streams of one source have in common in one night."""

    client: Client
    source: Source
    night: Night
    landing: Landing
    progress: Progress

    def land(self, stream: Stream, cursor: str | None) -> LandedStream:
        name = f"{self.source.name} {stream.name}"
        if (manifest := self._manifest(stream.name)) is not None:
            self.progress(f"{name}: {manifest.rows:,} records were landed already")
            return LandedStream(manifest, is_reused=True)
        pages = self.source.pages(self.client, stream, Window(cursor, self.night.until, self._landed))
        manifest = self.landing.write_stream(
            self.source.name,
            stream.name,
            self.night,
            Pager(_counted(pages, name, self.progress)),
            cursor_before=cursor,
        )
        self.progress(f"{name}: {manifest.rows:,} records landed")
        return LandedStream(manifest, is_reused=False)

    def _landed(self, stream_name: str) -> Iterator[Mapping[str, Any]]:
        if (manifest := self._manifest(stream_name)) is None:
            raise SourceError(
                f"{self.source.name} {stream_name} did not land this night, and this stream needs its ids.",
                remedy=f"Mend what {stream_name} says, and run the night again.",
            )
        return _with_ids(self.landing.records(manifest))

    def _manifest(self, stream_name: str) -> Manifest | None:
        return self.landing.manifest(self.source.name, stream_name, self.night.run_id)


def _with_ids(records: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """Parse landed records; one that the loader will set aside has no id to follow."""
    for record in records:
        with suppress(ValueError):
            parsed = json.loads(record)
            if isinstance(parsed, dict) and "id" in parsed:
                yield parsed


def _counted(pages: Iterable[Page | str], name: str, progress: Progress) -> Iterator[Page | str]:
    rows = 0
    for page in pages:
        if isinstance(page, Page):
            before, rows = rows, rows + len(page.records)
            if rows // PROGRESS_EVERY > before // PROGRESS_EVERY:
                progress(f"{name}: {rows:,} records so far")
        yield page


def _summed_up(failures: Mapping[str, SourceError]) -> SourceError:
    first, *others = failures.values()
    if not others:
        return first
    names = ", ".join(list(failures)[1:])
    return SourceError(f"{first.what} Also failed: {names}.", remedy=first.remedy)
