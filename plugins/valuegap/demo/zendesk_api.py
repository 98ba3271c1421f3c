"""Zendesk Support: the incremental exports, by cursor (tickets, users) and by time (organizations, events).

What is faithful on purpose, because connectors lose data by it: an export runs on the vendor's own clock
(`generated_timestamp` of a ticket), not on `updated_at`; the last minute is invisible; a page of a
time-based export begins with the second its predecessor ended with, and stays there for good when a
full page shares one second; deleted tickets are exported like any other.

The export clock of users, organizations and ticket events is the moment their version became visible:
their records do not show it.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from starlette.requests import Request

from valuegap.demo.clock import VirtualClock
from valuegap.demo.faults import Faults
from valuegap.demo.limits import Allowance, RateLimit
from valuegap.demo.records import Company, Versions
from valuegap.demo.vendor import Endpoint, Json, Vendor, VendorError

MAX_PER_PAGE = 1000
HIDDEN_SECONDS = 60
ACCOUNT = RateLimit("account", 700, 60)
INCREMENTAL = RateLimit("incremental", 10, 60)
EXPORT_LIMITS = (INCREMENTAL.name, ACCOUNT.name)

EXPORT_CLOCKS = {
    "tickets": "generated_at",
    "users": "visible_at",
    "organizations": "visible_at",
    "ticket_events": "visible_at",
}


def zendesk(company: Company, clock: VirtualClock, email: str, token: str, faults: Faults) -> Vendor:
    """Return the Zendesk account of `company`, open to `email/token:token` and to the bearer of `token`."""
    api = ZendeskApi(company, clock, faults)
    exports: dict[str, Callable[[Request], Any]] = {
        "tickets/cursor": api.export_tickets,
        "users/cursor": api.export_users,
        "organizations": api.export_organizations,
        "ticket_events": api.export_ticket_events,
    }
    return Vendor(
        name="zendesk",
        endpoints=tuple(
            Endpoint("GET", f"/api/v2/incremental/{path}{suffix}", answer, EXPORT_LIMITS)
            for path, answer in exports.items()
            for suffix in ("", ".json")
        ),
        limits=(INCREMENTAL, ACCOUNT),
        authenticate=lambda request: _authenticate(request, email, token),
        error_body=_error_body,
        not_found=VendorError(404, "InvalidEndpoint", "Not found"),
        too_many_requests=lambda limit: VendorError(
            429, "APIRateLimitExceeded", f"You have exceeded the API limit ({limit.name})."
        ),
        rate_headers=_rate_headers,
    )


def _authenticate(request: Request, email: str, token: str) -> None:
    basic = base64.b64encode(f"{email}/token:{token}".encode()).decode()
    if request.headers.get("authorization") not in {f"Basic {basic}", f"Bearer {token}"}:
        raise VendorError(401, "Couldn't authenticate you", "")


def _error_body(error: VendorError, _request_id: str) -> Json:
    if error.code == INVALID_CURSOR:
        return {"errors": [{"code": error.code, "title": error.message}]}
    return {"error": error.code} | ({"description": error.message} if error.message else {})


INVALID_CURSOR = "InvalidCursor"


def _rate_headers(allowances: Sequence[Allowance]) -> dict[str, str]:
    account = [allowance for allowance in allowances if allowance.limit is ACCOUNT]
    exports = [allowance for allowance in allowances if allowance.limit is INCREMENTAL]
    if not account or not exports:
        return {}
    return {
        "X-Rate-Limit": str(ACCOUNT.requests),
        "X-Rate-Limit-Remaining": str(account[0].remaining),
        "ratelimit-limit": str(ACCOUNT.requests),
        "ratelimit-remaining": str(account[0].remaining),
        "ratelimit-reset": str(account[0].retry_after),
        "zendesk-ratelimit-incremental-exports": (
            f"total={INCREMENTAL.requests}; remaining={exports[0].remaining}; resets={exports[0].retry_after}"
        ),
    }


class ZendeskApi:
    """The endpoints. What one moment shows is put in order once and kept until the clock moves."""

    def __init__(self, company: Company, clock: VirtualClock, faults: Faults) -> None:
        """Nothing is put in order before it is asked for."""
        self._company = company
        self._clock = clock
        self._faults = faults
        self._moment = _Moment(company, clock.now)

    async def export_tickets(self, request: Request) -> Json:
        """Export tickets by cursor, with their metric sets when asked for, deleted ones unless excluded."""
        answer = self._by_cursor(request, "tickets")
        for ticket in answer["tickets"]:
            ticket["fields"] = ticket.get("custom_fields")  # the vendor sends them twice
        if "metric_sets" not in _included(request):
            for ticket in answer["tickets"]:
                ticket.pop("metric_set", None)
        if request.query_params.get("exclude_deleted", "false").lower() == "true":
            answer["tickets"] = [ticket for ticket in answer["tickets"] if ticket["status"] != "deleted"]
        return answer

    async def export_users(self, request: Request) -> Json:
        """Export users by cursor, inactive ones included."""
        return self._by_cursor(request, "users")

    async def export_organizations(self, request: Request) -> Json:
        """Export organizations by time, deleted ones included."""
        return self._by_time(request, "organizations")

    async def export_ticket_events(self, request: Request) -> Json:
        """Export ticket events by time; comments are among their child events only when asked for."""
        answer = self._by_time(request, "ticket_events")
        if "comment_events" not in _included(request):
            for event in answer["ticket_events"]:
                children = event["child_events"]
                event["child_events"] = [child for child in children if child["event_type"] != "Comment"]
        return answer

    def _by_cursor(self, request: Request, stream: str) -> Json:
        export = self._at_now().export(stream)
        cursor = request.query_params.get("cursor")
        position = _decode_cursor(cursor) if cursor else (self._start_time(request), -1)
        first = export.after(position)
        end = min(first + _per_page(request), export.end)
        if end > first:
            position = export.position(end - 1)
        after = _encode_cursor(position)
        return {
            stream: export.render(first, end),
            "after_cursor": after,
            "after_url": str(
                request.url.remove_query_params("start_time").include_query_params(cursor=after)
            ),
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": end - first < _per_page(request),
        }

    def _by_time(self, request: Request, stream: str) -> Json:
        export = self._at_now().export(stream)
        start_time = self._start_time(request)
        first = export.after((start_time, -1))
        end = min(first + _per_page(request), export.end)
        end_time = export.position(end - 1)[0] if end > first else None
        next_url = str(request.url.include_query_params(start_time=end_time))
        return {
            stream: export.render(first, end),
            "count": end - first,
            "end_time": end_time,
            "next_page": None if end_time is None else next_url,
            "end_of_stream": end - first < _per_page(request),
        }

    def _start_time(self, request: Request) -> int:
        text = request.query_params.get("start_time", "")
        try:
            start_time = int(float(text))
        except (ValueError, OverflowError):
            raise VendorError(400, "InvalidValue", f"start_time is {text!r}, not UNIX seconds.") from None
        if start_time > self._clock.now.timestamp() - HIDDEN_SECONDS:
            message = f"start_time must be at least {HIDDEN_SECONDS} seconds in the past."
            raise VendorError(422, "StartTimeTooRecent", message)
        return start_time

    def _at_now(self) -> "_Moment":
        if self._moment.instant != self._clock.now:
            self._moment = _Moment(self._company, self._clock.now)
        return self._moment


class _Export:
    """One stream's records at one moment, in order of (export second, id), the last minute left out."""

    def __init__(self, versions: Versions, clock_column: str, instant: datetime) -> None:
        current = versions.current(instant)
        seconds = current[clock_column].to_numpy("datetime64[s]").astype(np.int64)
        order = np.lexsort((current["id"].to_numpy(), seconds))
        self._versions = versions
        self._rows: pd.DataFrame = current.iloc[order]
        self._seconds: npt.NDArray[np.int64] = seconds[order]
        self._ids: npt.NDArray[np.int64] = self._rows["id"].to_numpy(np.int64)
        shown_until = int(instant.astimezone(UTC).timestamp()) - HIDDEN_SECONDS
        self.end = int(np.searchsorted(self._seconds, shown_until, side="right"))

    def after(self, position: tuple[int, int]) -> int:
        """Return the index of the first record after the (second, id) `position`."""
        second, record_id = position
        first, end = np.searchsorted(self._seconds, [second, second + 1])
        return int(first + np.searchsorted(self._ids[first:end], record_id, side="right"))

    def position(self, index: int) -> tuple[int, int]:
        """Return the (second, id) of the record at `index`."""
        return int(self._seconds[index]), int(self._ids[index])

    def render(self, first: int, end: int) -> list[Any]:
        """Return the records from index `first` to before `end`."""
        return self._versions.render(self._rows.iloc[first:end])


@dataclass
class _Moment:
    """What the account exports at one instant, put in order on demand."""

    company: Company
    instant: datetime
    _exports: dict[str, _Export] = field(default_factory=dict)

    def export(self, stream: str) -> _Export:
        if stream not in self._exports:
            versions = self.company.zendesk[stream]
            self._exports[stream] = _Export(versions, EXPORT_CLOCKS[stream], self.instant)
        return self._exports[stream]


def _included(request: Request) -> list[str]:
    return request.query_params.get("include", "").split(",")


def _per_page(request: Request) -> int:
    text = request.query_params.get("per_page", str(MAX_PER_PAGE))
    if not text.isdigit() or not int(text):
        raise VendorError(400, "InvalidValue", f"per_page is {text!r}, not a positive number.")
    return min(int(text), MAX_PER_PAGE)


def _encode_cursor(position: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode(f"{position[0]}||{position[1]}".encode()).decode()


def _decode_cursor(cursor: str) -> tuple[int, int]:
    try:
        second, record_id = base64.urlsafe_b64decode(cursor).decode().split("||")
        return int(second), int(record_id)
    except (binascii.Error, ValueError):
        raise VendorError(400, INVALID_CURSOR, "The cursor is not one an earlier answer gave.") from None
