"""What the Zendesk account shows at one instant, in the orders its answers have."""

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuegap.demo.records import Company, Versions
from valuegap.demo.vendor import Json, VendorError

HIDDEN_SECONDS = 60
DELETED_FOR, ARCHIVED_AFTER = timedelta(days=30), timedelta(days=120)
INVALID_CURSOR = "InvalidCursor"

EXPORT_CLOCKS = {
    "tickets": "generated_at",
    "users": "visible_at",
    "organizations": "visible_at",
    "ticket_events": "visible_at",
    "ticket_metric_events": "updated_at",
}
SHOWN = ("live", "archived", "deleted")  # merged and purged ones are gone from every answer

Position = tuple[int, int]
"""Where an export stands: (second, id)."""


def _nothing() -> Versions:
    times = ("created_at", "updated_at", "visible_at", "generated_at")
    columns: dict[str, pd.Series[Any]] = {"id": pd.Series([], dtype=np.int64)}
    columns |= {"state": pd.Series([], dtype="str")}
    columns |= {name: pd.Series([], dtype="datetime64[us]") for name in times}
    return Versions(pd.DataFrame(columns), lambda _rows: [])


NOTHING = _nothing()


class Export:
    """One stream's records at one moment, in order of (export second, id), the last minute left out."""

    def __init__(self, versions: Versions, clock_column: str, instant: datetime) -> None:
        """`clock_column` is the vendor's clock for this export."""
        current = _in_state(versions.current(instant), SHOWN)
        seconds = current[clock_column].to_numpy("datetime64[s]").astype(np.int64)
        order = np.lexsort((current["id"].to_numpy(), seconds))
        self._versions = versions
        self._rows: pd.DataFrame = current.iloc[order]
        self._seconds: npt.NDArray[np.int64] = seconds[order]
        self._ids: npt.NDArray[np.int64] = self._rows["id"].to_numpy(np.int64)
        shown_until = int(instant.astimezone(UTC).timestamp()) - HIDDEN_SECONDS
        self.end = int(np.searchsorted(self._seconds, shown_until, side="right"))

    def after(self, position: Position) -> int:
        """Return the index of the first record after a position."""
        second, record_id = position
        first, end = np.searchsorted(self._seconds, [second, second + 1])
        return int(first + np.searchsorted(self._ids[first:end], record_id, side="right"))

    def position(self, index: int) -> Position:
        """Return the position of the record at `index`."""
        return int(self._seconds[index]), int(self._ids[index])

    def render(self, first: int, end: int) -> list[Any]:
        """Return the records from index `first` to before `end`."""
        return self._versions.render(self._rows.iloc[first:end])


class Listing:
    """Records in order of their id, paged by it. `made_at` holds an instant for each id."""

    def __init__(
        self,
        rows: pd.DataFrame,
        render: Callable[[pd.DataFrame], list[Any]],
        made_at: "pd.Series[pd.Timestamp]",
    ) -> None:
        """`rows` are in order of their id."""
        self._rows = rows
        self._render = render
        self._made_at = made_at
        self._ids: list[Any] = rows["id"].tolist()

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self._ids)

    def made_in(self, span: tuple[datetime | None, datetime | None]) -> "Listing":
        """Return those made between two instants, both included; None is no bound."""
        made_at = self._made_at.reindex(self._rows["id"]).to_numpy("datetime64[us]")
        is_in = np.ones(len(self), dtype=np.bool_)
        first, last = span
        if first is not None:
            is_in &= made_at >= _naive(first)
        if last is not None:
            is_in &= made_at <= _naive(last)
        return Listing(self._rows[is_in], self._render, self._made_at)

    def after(self, cursor: str | None) -> int:
        """Return the index of the first record after a cursor."""
        if cursor is None:
            return 0
        (last,) = decoded(cursor, 1)
        is_numbered = bool(self._ids) and isinstance(self._ids[0], int)
        return bisect_right(self._ids, int(last) if is_numbered else last)

    def cursor(self, index: int) -> str:
        """Return the cursor that goes on after the record at `index`."""
        return encoded(self._ids[index])

    def render(self, first: int, end: int) -> list[Any]:
        """Return the records from index `first` to before `end`, or to the last."""
        return self._render(self._rows.iloc[first:end])


@dataclass
class Moment:
    """What the account shows at one instant, put in order on demand."""

    company: Company
    instant: datetime
    _exports: dict[str, Export] = field(default_factory=dict)
    _listings: dict[str, Listing] = field(default_factory=dict)

    def export(self, stream: str) -> Export:
        """Return the incremental export of a stream."""
        if stream not in self._exports:
            self._exports[stream] = Export(self._versions(stream), EXPORT_CLOCKS[stream], self.instant)
        return self._exports[stream]

    def live(self, stream: str) -> Listing:
        """Return the list of a stream's live records."""
        if stream not in self._listings:
            versions = self._versions(stream)
            rows = _in_state(versions.current(self.instant), ("live",))
            self._listings[stream] = Listing(rows, versions.render, _first_times(versions.frame))
        return self._listings[stream]

    def deleted_tickets(self) -> Listing:
        """Return the list of deleted tickets, told by the last version before each was deleted."""
        if "deleted_tickets" not in self._listings:
            tickets = self._versions("tickets")
            current = tickets.current(self.instant)
            is_recent = current["visible_at"].to_numpy() >= _naive(self.instant - DELETED_FOR)
            deleted = _in_state(current[is_recent], ("deleted",))
            deleted_at = deleted.set_index("id")["visible_at"]
            shown = tickets.frame[tickets.frame["visible_at"].to_numpy() <= _naive(self.instant)]
            earlier = shown[shown["id"].isin(deleted["id"]).to_numpy()]
            before = _in_state(earlier, ("live", "archived")).drop_duplicates("id", keep="last")

            def render(rows: pd.DataFrame) -> list[Any]:
                times = deleted_at.reindex(rows["id"]).tolist()
                return [_deleted(*each) for each in zip(tickets.render(rows), times, strict=True)]

            listed = before[~self._is_archived(tickets, before)]
            self._listings["deleted_tickets"] = Listing(listed, render, deleted_at)
        return self._listings["deleted_tickets"]

    def _is_archived(self, tickets: Versions, rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
        statuses = np.array([ticket["status"] for ticket in tickets.render(rows)], dtype=np.str_)
        is_old = rows["visible_at"].to_numpy() < _naive(self.instant - ARCHIVED_AFTER)
        return np.asarray((statuses == "closed") & is_old)

    def _versions(self, stream: str) -> Versions:
        return self.company.zendesk.get(stream, NOTHING)


def encoded(*parts: object) -> str:
    """Return parts as a cursor, opaque as the vendor's are."""
    return base64.urlsafe_b64encode("||".join(map(str, parts)).encode()).decode()


def decoded(cursor: str, count: int) -> tuple[str, ...]:
    """Return the `count` parts of a cursor, or raise `VendorError` for one that nobody gave."""
    try:
        parts = tuple(base64.urlsafe_b64decode(cursor).decode().split("||"))
    except (binascii.Error, ValueError):
        parts = ()
    if len(parts) != count or not all(parts):
        raise VendorError(400, INVALID_CURSOR, "The cursor is not one an earlier answer gave.")
    return parts


def _in_state(rows: pd.DataFrame, states: tuple[str, ...]) -> pd.DataFrame:
    return rows[rows["state"].isin(states).to_numpy()]


def _first_times(frame: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    """Return when each record was made: the time its first version tells."""
    first = frame.drop_duplicates("id").set_index("id")
    return first["created_at" if "created_at" in first else "updated_at"]


def _naive(instant: datetime) -> np.datetime64:
    return np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "us")


def _deleted(ticket: Json, deleted_at: pd.Timestamp) -> Json:
    return {
        "id": ticket["id"],
        "subject": ticket.get("subject"),
        "actor": {"id": ticket.get("assignee_id"), "name": "Agent"},
        "deleted_at": f"{deleted_at.isoformat(timespec='seconds')}Z",
        "previous_state": ticket["status"],
    }
