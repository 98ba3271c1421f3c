"""What a source is made of: streams, their declared fields, and the pages a vendor answers with."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from valuegap.sources.connection import SourceConnection

if TYPE_CHECKING:
    from valuegap.sources.client import Client


OVERLAP = timedelta(days=3)
"""How far a window by time of change reaches back behind its cursor: search indexes and exports show some
changes late, up to days after the time they carry. What is landed twice, staging makes one."""


CENSUS_EVERY = timedelta(days=7)


class FieldType(StrEnum):
    """Type of a raw column. The loader quarantines a record whose value does not fit, and never rounds."""

    TEXT = "text"
    INTEGER = "integer"  # BIGINT; "1.7" does not fit
    DECIMAL = "decimal"  # DECIMAL(18,6)
    BOOLEAN = "boolean"  # true/false as JSON or as text
    TIMESTAMP = "timestamp"  # ISO 8601 with offset, or epoch milliseconds; stored as naive UTC
    EPOCH_SECONDS = "epoch_seconds"  # stored as naive UTC
    JSON = "json"  # nested value, kept as JSON text


@dataclass(frozen=True)
class Field:
    """A column of the raw table and where its value stands in the vendor's record.

    `path` is a JSON path of member names (`$.properties.email`); `$.custom_fields[id=900]` is the value of
    that member of a list of (id, value) pairs. A field that `is_custom` comes from the configuration of the
    company: a value that does not fit it is NULL and counted, and does not keep its record out.
    """

    column: str
    path: str
    type: FieldType = FieldType.TEXT
    required: bool = False
    is_custom: bool = False


@dataclass(frozen=True)
class Stream:
    """One endpoint's records: a folder in the landing zone and a table in `raw_<source>`.

    `record_id` and `version` are columns among `fields` (or `context`): what identifies a record,
    and the vendor's time of this version of it (None where the vendor gives none: then the night
    that landed it is its version). `context` names columns that hold for a whole page and do not
    stand in the records, such as the survey an export belongs to. `follows` names the streams of the same
    source whose landed records this one's pager reads: it is extracted after them. A stream that `is_gated`
    is sold with some of the vendor's plans only: refused with 403, it is marked and passed over.
    """

    name: str
    fields: tuple[Field, ...]
    record_id: tuple[str, ...] = ("id",)
    version: str | None = "updated_at"
    context: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    is_gated: bool = False


class Declared(Protocol):
    """Whatever has streams to load: a vendor, or the drop folder."""

    @property
    def name(self) -> str:
        """Name of its folder in the landing zone; its raw schema is `raw_<name>`."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams."""


@dataclass(frozen=True)
class Page:
    """Records of one answer: each the text of one vendor record, untouched and without line breaks.

    `request` is what was asked, for the manifest; `context` holds the values of `Stream.context`.

    The last two say how few requests could have brought the records, for the figure a night prints.
    `page_size` is the most records the vendor puts into one answer of this query: pages that follow each
    other with the same `request["path"]` and `context` are one query, of `ceil(records / page_size)`
    requests and at least one. 0: this page is a query of its own. `setup_requests` come once a query before
    its first record, such as the start of an export job and one look whether it is done.
    """

    records: tuple[bytes, ...]
    request: Mapping[str, object]
    context: Mapping[str, str] = field(default_factory=dict)
    page_size: int = 0
    setup_requests: int = 0


@dataclass(frozen=True)
class Window:
    """What a run asks a stream for.

    `cursor` is where the last loaded run of this stream ended (None on the first night); `until` is the
    first instant this night does not cover. `landed` yields the JSON objects this night landed of an
    earlier stream of the same source: a stream that follows another (the associations of changed contacts,
    the responses of every survey) takes its ids from there, so a re-run asks for the same ones.
    """

    cursor: str | None
    until: datetime
    landed: Callable[[str], Iterator[Mapping[str, Any]]]


Pages = Callable[["Client", Stream, Window], "Iterator[Page | str]"]
"""A pager: yields a stream's pages and, last, the cursor to go on from next time. A stream that is read
whole every night has none."""


def weekly(window: Window, pages: Iterable[Page]) -> Iterator[Page | str]:
    """Yield the pages of a census, the list of all live ids, once the last one is a week old.

    The cursor is the night of the last census, as ISO date. `pages` is not touched on other nights.
    """
    night = (window.until - timedelta(days=1)).date()
    if window.cursor and night - date.fromisoformat(window.cursor) < CENSUS_EVERY:
        yield window.cursor
        return
    yield from pages
    yield night.isoformat()


class Pager:
    """Iterates over a pager's pages and knows, once they ended, the next cursor."""

    def __init__(self, pages: Iterator[Page | str]) -> None:
        """`pages` is what a `Pages` returned."""
        self._pages = pages
        self.cursor_after: str | None = None

    def __iter__(self) -> Iterator[Page]:
        """Yield each page; the cursor is set when the pages end."""
        for item in self._pages:
            if isinstance(item, str):
                self.cursor_after = item
            else:
                yield item


@dataclass(frozen=True)
class TokenRequest:
    """Where an OAuth 2 access token comes from: a form posted to `path`, answered with `access_token`.

    A `refresh_token` in the answer takes the place of the one in `form` for the rest of the run. `headers`
    are for a vendor that wants the client's id and secret there (HTTP Basic) and not in the form.
    """

    path: str
    form: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Rate:
    """A limit no header tells: at most `requests` in `seconds`, of requests whose path contains `path`."""

    path: str
    requests: int
    seconds: float


@dataclass(frozen=True)
class Source:
    """A vendor: its streams in the order they are extracted, and how to speak with it.

    `headers` prove who we are. `refusal` reads the vendor's error message out of a JSON answer, and
    returns None where the answer is no error; of errors that come as an array it is shown the first.
    `token` says how to get an access token where the connection is of OAuth; it is sent as bearer token in
    place of `headers`, and renewed when it has run out. `pause` reads from the headers of an answer how many
    seconds to wait before the next request of this source; `rates` are the limits the headers do not tell.
    `side_by_side` is how many streams may be read at the same time.
    """

    name: str
    connection_id: str
    streams: tuple[Stream, ...]
    pages: Pages
    headers: Callable[[SourceConnection], Mapping[str, str]]
    refusal: Callable[[Mapping[str, Any]], str | None]
    token: Callable[[SourceConnection], TokenRequest | None] = lambda _connection: None
    pause: Callable[[Mapping[str, str]], float] = lambda _headers: 0.0
    rates: Callable[[SourceConnection], tuple[Rate, ...]] = lambda _connection: ()
    side_by_side: int = 1
