"""Answers that go wrong on their way: refused, cut off, slow, packed badly, or not the vendor's at all.

Each function takes the vendor's right answer and returns a spoiled one, or None where it cannot be spoiled
this way (a download has no JSON to cut).
"""

import asyncio
import gzip
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from valuegap.demo.clock import http_date
from valuegap.demo.vendor import Vendor, VendorError

LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
GATEWAY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
TIMEOUT_PAGE = b"<!DOCTYPE html><html><head><title>524: A timeout occurred</title></head></html>"
FIREWALL_PAGE = b"<!DOCTYPE html><html><head><title>Access denied</title></head></html>"
ELSEWHERE = "http://elsewhere.invalid"

SKEW = timedelta(seconds=90)
BOMB_MEGABYTES = 300
DRIPS = 12
DRIP_SECONDS = 0.01
LONGEST_STALL_SECONDS = 120

HTTP_ERRORS = 300
REPLACED = frozenset({"content-length", "content-type"})
JSON_PLACES = re.compile(rb'("(?:[^"\\]|\\.)*")|([,{\[])')


@dataclass(frozen=True)
class Answered:
    """One request and its right answer; `before` is the answer to the request before at this address."""

    request: Request
    response: Response
    vendor: Vendor
    now: datetime
    before: Response | None = None

    @property
    def body(self) -> bytes:
        """Bytes of the right answer."""
        return bytes(self.response.body)

    @property
    def is_json(self) -> bool:
        """Whether the answer is a JSON document, not a file."""
        return "json" in (self.response.media_type or "") and self.response.status_code < HTTP_ERRORS

    @property
    def request_id(self) -> str:
        """Id the vendor gives this request."""
        return str(self.request.state.request_id)

    def with_body(self, body: bytes, *, media_type: str | None = None) -> Response:
        """Return the right answer with another body."""
        headers = {name: value for name, value in self.response.headers.items() if name not in REPLACED}
        return Response(body, self.response.status_code, headers, media_type or self.response.media_type)


Spoil = Callable[[Answered], Response | None]


def too_many_requests(answered: Answered) -> Response:
    """Refuse with 429 and a Retry-After of one second."""
    return answered.vendor.rate_limited(answered.vendor.limits[0], 1, answered.request_id)


def too_many_requests_until(answered: Answered) -> Response:
    """Refuse with 429 and a Retry-After that is a date, a second from the answer's own."""
    response = too_many_requests(answered)
    response.headers["Retry-After"] = http_date(answered.now + timedelta(seconds=1))
    return response


def too_many_requests_bare(answered: Answered) -> Response:
    """Refuse with 429 and not a word about when to come back."""
    response = too_many_requests(answered)
    del response.headers["Retry-After"]
    return response


def _vendor_error(status: int, answered: Answered) -> Response:
    error = VendorError(503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable.")
    response = answered.vendor.error_response(error, answered.request_id)
    response.status_code = status
    return response


def _page(status: int, body: bytes, _answered: Answered) -> Response:
    return Response(body, status, media_type="text/html; charset=utf-8")


server_error_500 = partial(_vendor_error, 500)
server_error_502 = partial(_vendor_error, 502)
server_error_503 = partial(_vendor_error, 503)
error_with_200 = partial(_vendor_error, 200)
timeout_524 = partial(_page, 524, TIMEOUT_PAGE)
gateway_page_502 = partial(_page, 502, GATEWAY_PAGE)
firewall_403 = partial(_page, 403, FIREWALL_PAGE)
login_page_200 = partial(_page, 200, LOGIN_PAGE)
request_timeout_408 = partial(_page, 408, b"")


def unauthorized(answered: Answered) -> Response | None:
    """Refuse the token, in the vendor's words, as if it had just run out."""
    stranger = Request({**answered.request.scope, "headers": []})
    stranger.state.request_id = answered.request_id
    try:
        answered.vendor.authenticate(stranger)
    except VendorError as error:
        return answered.vendor.error_response(error, answered.request_id)
    return None  # nobody needs a token to ask for one


def redirect(_answered: Answered) -> Response:
    """Send the caller, and its token if it follows, to another host."""
    return Response(b"", 302, {"Location": f"{ELSEWHERE}/sign-in"})


def empty_body_200(answered: Answered) -> Response | None:
    """Say that all is well, and nothing else."""
    return answered.with_body(b"") if answered.is_json else None


def truncated_json(answered: Answered) -> Response | None:
    """End the JSON in its middle; the Content-Length agrees."""
    return answered.with_body(answered.body[: len(answered.body) // 2]) if answered.is_json else None


def corrupted_gzip(answered: Answered) -> Response:
    """Pack the answer and turn over one byte in the middle: it does not unpack to what it says."""
    packed = bytearray(gzip.compress(answered.body, mtime=0))
    packed[len(packed) // 2] ^= 0xFF
    return _encoded(answered, bytes(packed))


def gzip_bomb(answered: Answered) -> Response:
    """Send a few hundred kilobytes that unpack to 300 MB."""
    return _encoded(answered, _bomb())


def gzipped(answered: Answered) -> Response:
    """Pack the answer, rightly."""
    return _encoded(answered, gzip.compress(answered.body, mtime=0))


def _encoded(answered: Answered, packed: bytes) -> Response:
    response = answered.with_body(packed)
    response.headers["Content-Encoding"] = "gzip"
    return response


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(2**20), mtime=0) * BOMB_MEGABYTES


def byte_order_mark(answered: Answered) -> Response | None:
    """Put a byte order mark before the JSON."""
    return answered.with_body(b"\xef\xbb\xbf" + answered.body) if answered.is_json else None


def padded_json(answered: Answered) -> Response | None:
    """Put blank lines around the JSON."""
    return answered.with_body(b"\r\n \t" + answered.body + b"\n\n") if answered.is_json else None


def indented_json(answered: Answered) -> Response | None:
    """Write the same JSON over many lines, its values untouched."""
    if not answered.is_json:
        return None
    return answered.with_body(JSON_PLACES.sub(lambda found: found[1] or found[2] + b"\n  ", answered.body))


def odd_charset(answered: Answered) -> Response | None:
    """Call the UTF-8 of the JSON something else."""
    return (
        answered.with_body(answered.body, media_type="text/json; charset=ISO-8859-1")
        if answered.is_json
        else None
    )


def text_after_json(answered: Answered) -> Response | None:
    """Send a second document after the first: two answers in one body."""
    return answered.with_body(answered.body + b'{"status":"ok"}') if answered.is_json else None


def _skewed(by: timedelta, answered: Answered) -> Response:
    response = answered.with_body(answered.body)
    response.headers["Date"] = http_date(answered.now + by)
    return response


clock_ahead = partial(_skewed, SKEW)
clock_behind = partial(_skewed, -SKEW)


def connection_reset(answered: Answered) -> Response:
    """Reset the connection in the middle of the body."""
    return _Broken(answered, resets=True)


def connection_closed(answered: Answered) -> Response:
    """End the connection in good order before all of the Content-Length was sent."""
    return _Broken(answered, resets=False)


def slow_drip(answered: Answered) -> Response:
    """Send the answer a little at a time."""
    return _Slow(answered, stalls=False)


def stall(answered: Answered) -> Response:
    """Send half of the answer and then nothing, until the caller hangs up."""
    return _Slow(answered, stalls=True)


class _Broken(Response):
    """Sends half of what its Content-Length promises, then ends the connection."""

    def __init__(self, answered: Answered, *, resets: bool) -> None:
        right = answered.with_body(answered.body)
        super().__init__(right.body, right.status_code, dict(right.headers), right.media_type)
        self._resets = resets

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the start, half of the body, and the end of the connection."""
        body = bytes(self.body)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await scope["app"].state.end_connection(scope["client"], resets=self._resets)


class _Slow(Response):
    """Sends its body in pieces, or half of it and then nothing."""

    def __init__(self, answered: Answered, *, stalls: bool) -> None:
        right = answered.with_body(answered.body)
        super().__init__(right.body, right.status_code, dict(right.headers), right.media_type)
        self._stalls = stalls

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the start, then the body, slowly."""
        body = bytes(self.body)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if self._stalls:
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await _hung_up(receive)
            return
        step = max(1, len(body) // DRIPS)
        for start in range(0, len(body), step):
            await send({"type": "http.response.body", "body": body[start : start + step], "more_body": True})
            await asyncio.sleep(DRIP_SECONDS)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _hung_up(receive: Receive) -> None:
    async def disconnect() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with suppress(TimeoutError):
        await asyncio.wait_for(disconnect(), LONGEST_STALL_SECONDS)
