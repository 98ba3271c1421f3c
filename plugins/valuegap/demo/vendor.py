"""What every emulated vendor has: endpoints, limits, a way to ask who is there, and its own error bodies."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from valuegap.demo.limits import Allowance, RateLimit

Json = dict[str, Any]


class VendorError(Exception):
    """An answer the vendor gives instead of records: status, its own code, and a message."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """`code` is what the vendor calls this kind of error."""
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class Endpoint:
    """One method and path. `limits` names the vendor's limits a request counts against."""

    method: str
    path: str
    answer: Callable[[Request], Awaitable[Json | Response]]
    limits: tuple[str, ...]


@dataclass(frozen=True)
class Vendor:
    """One emulated API, mounted at `/<name>`.

    `authenticate` raises `VendorError`; `error_body` gets the error and the request's id;
    `too_many_requests` is the vendor's 429 for the limit that refused.
    """

    name: str
    endpoints: Sequence[Endpoint]
    limits: tuple[RateLimit, ...]
    authenticate: Callable[[Request], None]
    error_body: Callable[[VendorError, str], Json | list[Json]]
    not_found: VendorError
    too_many_requests: Callable[[RateLimit], VendorError]
    rate_headers: Callable[[Sequence[Allowance]], Mapping[str, str]]

    def error_response(self, error: VendorError, request_id: str) -> Response:
        """Return `error` the way this vendor words it."""
        return json_response(self.error_body(error, request_id), error.status, error.headers)

    def rate_limited(self, limit: RateLimit, retry_after: int, request_id: str) -> Response:
        """Return this vendor's 429."""
        error = self.too_many_requests(limit)
        return json_response(
            self.error_body(error, request_id), error.status, {"Retry-After": str(retry_after)}
        )


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return `body` as JSON; NumPy scalars are numbers."""
    return Response(
        orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY),
        status,
        headers=headers,
        media_type="application/json",
    )


async def json_body(request: Request, error: VendorError) -> Json:
    """Return the request's JSON object, or raise `error`."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise error from None
    if not isinstance(body, dict):
        raise error
    return body
