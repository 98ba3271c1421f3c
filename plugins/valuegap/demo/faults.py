"""Faults a vendor's API can show, by name, armed for some requests and counted when they happen.

A fault of `FAULTS` takes the right answer and spoils it. One of `BEHAVIOURS` is something only the vendor's
own endpoint can do (an export job that fails, a cursor that has expired): the endpoint asks `strikes`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from valuegap.demo.vendor import Vendor, VendorError

LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
FAULT_REQUEST_ID = "00000000-0000-0000-0000-000000000000"

Fault = Callable[[Response, Vendor], Response]


def _rate_limit_429(_response: Response, vendor: Vendor) -> Response:
    return vendor.rate_limited(vendor.limits[0], 1, FAULT_REQUEST_ID)


def _server_error_503(_response: Response, vendor: Vendor) -> Response:
    error = VendorError(503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable.")
    return vendor.error_response(error, FAULT_REQUEST_ID)


def _truncated_json(response: Response, _vendor: Vendor) -> Response:
    body = bytes(response.body)
    return Response(body[: len(body) // 2], response.status_code, media_type=response.media_type)


def _html_200(_response: Response, _vendor: Vendor) -> Response:
    return Response(LOGIN_PAGE, 200, media_type="text/html")


def _connection_reset(response: Response, _vendor: Vendor) -> Response:
    return _ResetResponse(response.body, response.status_code, media_type=response.media_type)


class _ResetResponse(Response):
    """Sends half of what its Content-Length promises, then resets the connection."""

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the start, half of the body, and a TCP reset."""
        body = bytes(self.body)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await scope["app"].state.reset_connection(scope["client"])


FAULTS: Mapping[str, Fault] = {
    "rate_limit_429": _rate_limit_429,
    "server_error_503": _server_error_503,
    "truncated_json": _truncated_json,
    "html_200": _html_200,
    "connection_reset": _connection_reset,
}

BEHAVIOURS: frozenset[str] = frozenset()


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

    def arm(self, fault: ArmedFault) -> None:
        """Switch `fault` on. Raises `KeyError` for a name that is in neither list."""
        if fault.name not in FAULTS and fault.name not in BEHAVIOURS:
            raise KeyError(fault.name)
        self._armed.append(fault)

    def disarm(self) -> None:
        """Switch everything off; the counts stay."""
        self._armed.clear()

    def spoil(self, response: Response, vendor: Vendor, path: str) -> Response:
        """Return `response`, spoiled by the first armed fault that matches, which is then counted."""
        for fault in self._armed:
            if fault.name in FAULTS and fault.matches(vendor.name, path):
                return FAULTS[fault.name](response, vendor) if self._use(fault) else response
        return response

    def strikes(self, name: str, vendor: str, path: str) -> bool:
        """Tell an endpoint whether behaviour `name` is armed for this request, and count it if so."""
        for fault in self._armed:
            if fault.name == name and fault.matches(vendor, path):
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
