"""Faults a vendor's API can show, by name, armed for some requests and counted when they happen.

A fault of `FAULTS` takes the right answer and spoils it, or asks the endpoint another question. One of
`BEHAVIOURS` is something only the vendor's own endpoint can do (an export job that fails, a cursor that has
expired): the endpoint asks `strikes`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from valuegap.demo import broken_answers as broken
from valuegap.demo import wrong_pages as wrong
from valuegap.demo.broken_answers import Answered, Spoil
from valuegap.demo.vendor import Vendor

SHORT_PAGE = "short_page"


class Outcome(StrEnum):
    """What a careful client makes of a fault."""

    SAME_BYTES = "same bytes"  # read through, or waited out: the landing zone cannot tell
    SAME_RECORDS = "same records"  # some land twice or in other pages: staging cannot tell
    STOPS = "stops"  # the stream ends with one line, and its next run has everything


@dataclass(frozen=True)
class Fault:
    """A way to spoil an answer, and what must come of it."""

    spoil: Spoil
    outcome: Outcome


SAME_BYTES, SAME_RECORDS, STOPS = Outcome.SAME_BYTES, Outcome.SAME_RECORDS, Outcome.STOPS

FAULTS: Mapping[str, Fault] = {
    "rate_limit_429": Fault(broken.too_many_requests, SAME_BYTES),
    "rate_limit_429_date": Fault(broken.too_many_requests_until, SAME_BYTES),
    "rate_limit_429_bare": Fault(broken.too_many_requests_bare, SAME_BYTES),
    "request_timeout_408": Fault(broken.request_timeout_408, SAME_BYTES),
    "server_error_500": Fault(broken.server_error_500, SAME_BYTES),
    "server_error_502": Fault(broken.server_error_502, SAME_BYTES),
    "server_error_503": Fault(broken.server_error_503, SAME_BYTES),
    "gateway_page_502": Fault(broken.gateway_page_502, SAME_BYTES),
    "timeout_524": Fault(broken.timeout_524, SAME_BYTES),
    "connection_reset": Fault(broken.connection_reset, SAME_BYTES),
    "connection_closed": Fault(broken.connection_closed, SAME_BYTES),
    "truncated_json": Fault(broken.truncated_json, SAME_BYTES),
    "empty_body_200": Fault(broken.empty_body_200, SAME_BYTES),
    "text_after_json": Fault(broken.text_after_json, SAME_BYTES),
    "slow_drip": Fault(broken.slow_drip, SAME_BYTES),
    "stall": Fault(broken.stall, SAME_BYTES),
    "corrupted_gzip": Fault(broken.corrupted_gzip, SAME_BYTES),
    "gzipped": Fault(broken.gzipped, SAME_BYTES),
    "byte_order_mark": Fault(broken.byte_order_mark, SAME_BYTES),
    "padded_json": Fault(broken.padded_json, SAME_BYTES),
    "odd_charset": Fault(broken.odd_charset, SAME_BYTES),
    "unknown_fields": Fault(wrong.unknown_fields, SAME_BYTES),
    "clock_ahead": Fault(broken.clock_ahead, SAME_BYTES),
    "clock_behind": Fault(broken.clock_behind, SAME_BYTES),
    "indented_json": Fault(broken.indented_json, SAME_RECORDS),
    "duplicate_record": Fault(wrong.duplicate_record, SAME_RECORDS),
    SHORT_PAGE: Fault(lambda _answered: None, SAME_RECORDS),  # the request is spoiled, not its answer
    "html_200": Fault(broken.login_page_200, STOPS),
    "error_200": Fault(broken.error_with_200, STOPS),
    "firewall_403": Fault(broken.firewall_403, STOPS),
    "unauthorized_401": Fault(broken.unauthorized, STOPS),
    "redirect_302": Fault(broken.redirect, STOPS),
    "gzip_bomb": Fault(broken.gzip_bomb, STOPS),
    "empty_page": Fault(wrong.empty_page, STOPS),
    "repeated_page": Fault(wrong.repeated_page, STOPS),
    "cursor_backwards": Fault(wrong.cursor_backwards, STOPS),
}

BEHAVIOURS: frozenset[str] = frozenset(
    {
        *("hubspot_index_lag", "hubspot_partial_associations", "hubspot_token_expired"),
        *("qualtrics_complete_without_file", "qualtrics_expired_token", "qualtrics_failed_at_100"),
        *("qualtrics_lost_progress", "qualtrics_percent_goes_back"),
        *("salesforce_bulk_failed", "salesforce_expired_locator", "salesforce_query_timeout"),
        *("salesforce_session_expired", "salesforce_short_batch"),
        *("zendesk_expired_cursor", "zendesk_plan_gate", "zendesk_token_expired"),
    }
)


@dataclass
class ArmedFault:
    """A fault that waits: it lets `skip` matching requests pass, then spoils the next `times`.

    A request matches when it is the vendor's and its URL path contains `path`.
    """

    name: str
    vendor: str
    path: str = ""
    skip: int = 0
    times: int = 1

    def matches(self, vendor: str, path: str) -> bool:
        """Tell whether a request is one this fault waits for."""
        return self.vendor == vendor and self.path in path


class Faults:
    """The armed faults of all vendors, and how often each has happened."""

    def __init__(self) -> None:
        """Nothing is armed."""
        self.counts: Counter[tuple[str, str]] = Counter()
        self._armed: list[ArmedFault] = []
        self._last_pages: dict[str, Response] = {}
        self._asked: set[tuple[str, bytes]] = set()

    def arm(self, fault: ArmedFault) -> None:
        """Switch `fault` on. Raises `KeyError` for a name that is in neither list."""
        if fault.name not in FAULTS and fault.name not in BEHAVIOURS:
            raise KeyError(fault.name)
        self._armed.append(fault)

    def disarm(self) -> None:
        """Switch everything off; the counts stay."""
        self._armed.clear()
        self._last_pages.clear()
        self._asked.clear()

    async def ask(self, request: Request, vendor: Vendor) -> Request:
        """Return the request as the endpoint shall see it: for a shorter page, where that is armed."""
        for fault in self._matching(vendor.name, request.url.path):
            if fault.name == SHORT_PAGE:
                shorter = await wrong.with_shorter_page(request)
                if shorter is not None and self._use(fault):
                    return shorter
        return request

    async def spoil(self, answered: Answered) -> Response:
        """Return the response, spoiled by the first armed fault that matches and fits it, which counts."""
        if not self._armed:
            return answered.response
        answered = replace(answered, before=await self._page_before(answered))
        for fault in self._matching(answered.vendor.name, answered.request.url.path):
            if fault.name not in FAULTS or fault.name == SHORT_PAGE:
                continue
            if fault.skip:
                fault.skip -= 1
                break
            spoiled = FAULTS[fault.name].spoil(answered)
            if spoiled is not None:
                self._use(fault)
                return spoiled
        return answered.response

    async def _page_before(self, answered: Answered) -> Response | None:
        """Return the answer to the request before this one of the same list, if this one was never asked.

        Who asks again has lost its way and begins anew: a page of before would be a lie it cannot see.
        """
        request = answered.request
        asked, name = (str(request.url), await request.body()), wrong.list_of(request)
        before, is_new = self._last_pages.get(name), asked not in self._asked
        self._last_pages[name] = answered.response
        self._asked.add(asked)
        return before if is_new else None

    def _matching(self, vendor: str, path: str) -> Iterator[ArmedFault]:
        return (fault for fault in tuple(self._armed) if fault.matches(vendor, path))

    def strikes(self, name: str, vendor: str, path: str) -> bool:
        """Tell an endpoint whether behaviour `name` is armed for this request, and count it if so."""
        for fault in self._matching(vendor, path):
            if fault.name == name:
                return self._use(fault)
        return False

    def _use(self, fault: ArmedFault) -> bool:
        if fault.skip:
            fault.skip -= 1
            return False
        fault.times -= 1
        if not fault.times:
            self._armed.remove(fault)
        self.counts[fault.vendor, fault.name] += 1
        return True
