"""Zendesk Support: the incremental exports, by cursor and by time, and the lists of ratings, fields, deletes.

What is faithful on purpose, because connectors lose data by it: an export runs on the vendor's own clock
(`generated_timestamp` of a ticket), not on `updated_at`; the last minute is invisible; a page of a
time-based export begins with the second its predecessor ended with, and stays there for good when a
full page shares one second; deleted tickets are exported like any other, and lose their texts a month later.
The list of deleted tickets holds thirty days and no archived ones. Survey responses can be asked for by when
they were offered only, and are answered later.

The export clock of users, organizations and ticket events is the moment their version became visible:
their records do not show it. That of metric events is the time they tell.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from valuegap.demo.clock import VirtualClock
from valuegap.demo.faults import Faults
from valuegap.demo.limits import Allowance, RateLimit
from valuegap.demo.records import Company
from valuegap.demo.tokens import Tokens
from valuegap.demo.vendor import Endpoint, Json, Vendor, VendorError
from valuegap.demo.zendesk_moment import (
    DELETED_FOR,
    HIDDEN_SECONDS,
    INVALID_CURSOR,
    Listing,
    Moment,
    Position,
    decoded,
    encoded,
)
from valuegap.demo.zendesk_oauth import OAUTH_ERRORS, TOKEN_PATH, Doors

MAX_PER_PAGE, MAX_LIST_SIZE, MAX_SURVEY_LIST_SIZE = 1000, 100, 50
ACCOUNT = RateLimit("account", 700, 60)
INCREMENTAL = RateLimit("incremental", 10, 60)
DELETED_TICKETS = RateLimit("deleted_tickets", 10, 60)
EXPORT_LIMITS = (INCREMENTAL.name, ACCOUNT.name)

NO_ACCESS = "NoAccess"
SCRUBBED, SCRUBBED_FIELDS = "SCRUBBED", ("subject", "raw_subject", "description")


def zendesk(company: Company, clock: VirtualClock, tokens: Tokens, faults: Faults) -> Vendor:
    """Return the Zendesk account of `company`, open to the API token and to access tokens of OAuth."""
    api = ZendeskApi(company, clock, faults)
    doors = Doors(tokens, clock, faults)
    exports: dict[str, Callable[[Request], Any]] = {
        "tickets/cursor": api.export_tickets,
        "users/cursor": api.export_users,
        "organizations": api.export_organizations,
        "ticket_events": api.export_ticket_events,
        "ticket_metric_events": api.export_ticket_metric_events,
    }
    lists: dict[str, Callable[[Request], Any]] = {
        "users": api.list_users,
        "organizations": api.list_organizations,
        "satisfaction_ratings": api.list_satisfaction_ratings,
        "guide/survey_responses": api.list_survey_responses,
        "ticket_fields": api.list_ticket_fields,
        "deleted_tickets": api.list_deleted_tickets,
    }
    served: list[tuple[str, Callable[[Request], Any], tuple[str, ...]]] = [
        (f"incremental/{path}", answer, EXPORT_LIMITS) for path, answer in exports.items()
    ]
    served += [(path, answer, _list_limits(path)) for path, answer in lists.items()]
    return Vendor(
        name="zendesk",
        endpoints=(
            Endpoint("POST", TOKEN_PATH, doors.grant, (ACCOUNT.name,)),
            *(
                Endpoint("GET", f"/api/v2/{path}{suffix}", answer, limits)
                for path, answer, limits in served
                for suffix in ("", ".json")
            ),
        ),
        limits=(INCREMENTAL, DELETED_TICKETS, ACCOUNT),
        authenticate=doors.authenticate,
        error_body=_error_body,
        not_found=VendorError(404, "InvalidEndpoint", "Not found"),
        too_many_requests=lambda limit: VendorError(
            429, "APIRateLimitExceeded", f"You have exceeded the API limit ({limit.name})."
        ),
        rate_headers=_rate_headers,
    )


def _list_limits(path: str) -> tuple[str, ...]:
    return (DELETED_TICKETS.name, ACCOUNT.name) if path == "deleted_tickets" else (ACCOUNT.name,)


def _error_body(error: VendorError, _request_id: str) -> Json:
    if error.code == INVALID_CURSOR:
        return {"errors": [{"code": error.code, "title": error.message}]}
    if error.code == NO_ACCESS:
        return {"error": {"title": "Forbidden", "message": error.message}}
    said = "error_description" if error.code in OAUTH_ERRORS else "description"
    return {"error": error.code} | ({said: error.message} if error.message else {})


def _rate_headers(allowances: Sequence[Allowance]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for allowance in allowances:
        remaining, resets = str(allowance.remaining), str(allowance.retry_after)
        if allowance.limit is ACCOUNT:
            limit = str(ACCOUNT.requests)
            headers |= {"X-Rate-Limit": limit, "X-Rate-Limit-Remaining": remaining}
            headers |= {"ratelimit-limit": limit, "ratelimit-remaining": remaining, "ratelimit-reset": resets}
        if allowance.limit is INCREMENTAL:
            headers["zendesk-ratelimit-incremental-exports"] = (
                f"total={INCREMENTAL.requests}; remaining={remaining}; resets={resets}"
            )
    return headers


class ZendeskApi:
    """The endpoints. What one moment shows is put in order once and kept until the clock moves."""

    def __init__(self, company: Company, clock: VirtualClock, faults: Faults) -> None:
        """Nothing is put in order before it is asked for."""
        self._company = company
        self._clock = clock
        self._faults = faults
        self._moment = Moment(company, clock.now)

    async def export_tickets(self, request: Request) -> Json:
        """Export tickets by cursor, with their metric sets when asked for, deleted ones unless excluded."""
        answer = self._by_cursor(request, "tickets")
        for ticket in answer["tickets"]:
            ticket["fields"] = ticket.get("custom_fields")  # the vendor sends them twice
            self._scrub(ticket)
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

    async def export_ticket_metric_events(self, request: Request) -> Json:
        """Export metric events by time, which does not say when it ends; with `page[size]` list them."""
        name = "ticket_metric_events"
        if "page[size]" not in request.query_params:
            answer = self._by_time(request, name)
            del answer["end_of_stream"]
            return answer
        export = self._at_now().export(name)
        after = request.query_params.get("page[after]")
        first = export.after(_position(after) if after else (self._start_time(request), -1))
        end = min(first + _list_size(request, MAX_LIST_SIZE), export.end)
        last = encoded(*export.position(end - 1)) if end > first else None
        return _listed(request, name, export.render(first, end), last, has_more=end < export.end)

    async def list_users(self, request: Request) -> Json:
        """List the users that are neither deleted nor merged."""
        return _list(request, "users", self._at_now().live("users"))

    async def list_organizations(self, request: Request) -> Json:
        """List the organizations that are not deleted."""
        return _list(request, "organizations", self._at_now().live("organizations"))

    async def list_ticket_fields(self, request: Request) -> Json:
        """List the ticket fields that are not deleted, inactive ones included."""
        return _list(request, "ticket_fields", self._at_now().live("ticket_fields"))

    async def list_satisfaction_ratings(self, request: Request) -> Json:
        """List the legacy ratings made from `start_time` to `end_time`, both included."""
        self._require_plan(request)
        ratings = self._at_now().live("satisfaction_ratings")
        return _list(request, "satisfaction_ratings", ratings.made_in(_span(request, "{}_time", 1)))

    async def list_survey_responses(self, request: Request) -> Json:
        """List the survey responses offered in a span of milliseconds, answered or not; fifty at most."""
        self._require_plan(request)
        offered = self._at_now().live("csat_responses")
        listing = offered.made_in(_span(request, "filter[created_at_{}]", 1000))
        return _list(request, "survey_responses", listing, MAX_SURVEY_LIST_SIZE)

    async def list_deleted_tickets(self, request: Request) -> Json:
        """List the tickets deleted in the last thirty days that were not archived before."""
        return _list(request, "deleted_tickets", self._at_now().deleted_tickets())

    def _by_cursor(self, request: Request, stream: str) -> Json:
        export = self._at_now().export(stream)
        cursor = request.query_params.get("cursor")
        if cursor and self._faults.strikes("zendesk_expired_cursor", "zendesk", request.url.path):
            raise VendorError(400, INVALID_CURSOR, "The cursor has expired.")
        position = _position(cursor) if cursor else (self._start_time(request), -1)
        first = export.after(position)
        end = min(first + _per_page(request), export.end)
        if end > first:
            position = export.position(end - 1)
        after = encoded(*position)
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

    def _scrub(self, ticket: Json) -> None:
        """Take the texts out of a ticket that was deleted more than thirty days ago."""
        scrubbed_before = (self._clock.now - DELETED_FOR).timestamp()
        if ticket["status"] == "deleted" and ticket["generated_timestamp"] < scrubbed_before:
            ticket.update(dict.fromkeys(ticket.keys() & SCRUBBED_FIELDS, SCRUBBED))

    def _require_plan(self, request: Request) -> None:
        if self._faults.strikes("zendesk_plan_gate", "zendesk", request.url.path):
            raise VendorError(403, NO_ACCESS, "You do not have access to this page.")

    def _at_now(self) -> Moment:
        if self._moment.instant != self._clock.now:
            self._moment = Moment(self._company, self._clock.now)
        return self._moment


def _list(request: Request, name: str, listing: Listing, largest: int = MAX_LIST_SIZE) -> Json:
    first = listing.after(request.query_params.get("page[after]"))
    records = listing.render(first, first + _list_size(request, largest))
    end = first + len(records)
    last = listing.cursor(end - 1) if records else None
    return _listed(request, name, records, last, has_more=end < len(listing))


def _listed(request: Request, name: str, records: list[Any], last: str | None, *, has_more: bool) -> Json:
    following = str(request.url.include_query_params(**{"page[after]": last}))
    return {
        name: records,
        "meta": {"has_more": has_more, "after_cursor": last, "before_cursor": None},
        "links": {"next": following if has_more else None, "prev": None},
    }


def _position(cursor: str) -> Position:
    second, record_id = decoded(cursor, 2)
    if not second.isdecimal() or not record_id.lstrip("-").isdecimal():
        raise VendorError(400, INVALID_CURSOR, "The cursor is not one an earlier answer gave.")
    return int(second), int(record_id)


def _included(request: Request) -> list[str]:
    return request.query_params.get("include", "").split(",")


def _per_page(request: Request) -> int:
    text = request.query_params.get("per_page", str(MAX_PER_PAGE))
    if not text.isdigit() or not int(text):
        raise VendorError(400, "InvalidValue", f"per_page is {text!r}, not a positive number.")
    return min(int(text), MAX_PER_PAGE)


def _list_size(request: Request, largest: int) -> int:
    text = request.query_params.get("page[size]", str(largest))
    if not text.isdigit() or not 1 <= int(text) <= largest:
        raise VendorError(400, "InvalidPaginationParameter", f"page[size] is at most {largest}.")
    return int(text)


def _span(request: Request, name: str, per_second: int) -> tuple[datetime | None, datetime | None]:
    start, end = (_instant(request, name.format(side), per_second) for side in ("start", "end"))
    return start, end


def _instant(request: Request, name: str, per_second: int) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return datetime.fromtimestamp(int(text) / per_second, UTC)
    except (ValueError, OverflowError, OSError):
        raise VendorError(400, "InvalidValue", f"{name} is {text!r}, not a UNIX time.") from None
