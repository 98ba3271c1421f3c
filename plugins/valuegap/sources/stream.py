"""What a source is made of: streams, their declared fields, and the pages a vendor answers with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from valuegap.sources.client import Client


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
    """A column of the raw table and where its value stands in the vendor's record."""

    column: str
    path: str
    type: FieldType = FieldType.TEXT
    required: bool = False


@dataclass(frozen=True)
class Stream:
    """One endpoint's records: a folder in the landing zone and a table in `raw_<source>`.

    `record_id` and `version` are columns among `fields` (or `context`): what identifies a record,
    and the vendor's time of this version of it (None where the vendor gives none: then the night
    that landed it is its version). `context` names columns that hold for a whole page and do not
    stand in the records, such as the survey an export belongs to.
    """

    name: str
    fields: tuple[Field, ...]
    record_id: tuple[str, ...] = ("id",)
    version: str | None = "updated_at"
    context: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """Records of one answer, each the JSON text of one vendor record, untouched."""

    records: tuple[bytes, ...]
    request: Mapping[str, object]
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """What a run asks a stream for.

    `cursor` is where the last loaded run of this stream ended (None on the first night);
    `until` is the first instant this night does not cover.
    """

    cursor: str | None
    until: datetime


class Pager:
    """Iterates over pages and knows, once exhausted, the cursor to go on from next time."""

    def __init__(self, pages: "Iterator[Page | str]") -> None:
        """`pages` yields pages and, last, the next cursor as a string."""
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
class Source:
    """A vendor: its streams, in the order they are extracted, and how to page through one."""

    name: str
    connection_id: str
    streams: tuple[Stream, ...]
    pages: Callable[["Client", Stream, Window], Iterator[Page | str]]
