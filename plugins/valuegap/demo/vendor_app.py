"""The way of every vendor request: who is there, how often, the answer, the fault, the journal."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from valuegap.demo.broken_answers import Answered
from valuegap.demo.clock import VirtualClock, http_date
from valuegap.demo.faults import Faults
from valuegap.demo.journal import Journal
from valuegap.demo.limits import RateLimiter
from valuegap.demo.vendor import Endpoint, Vendor, VendorError, json_response

ANY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE")
HTTP_UNAUTHORIZED = 401


@dataclass(frozen=True)
class VendorApp:
    """A vendor with what its requests share. `mount()` is what the server serves."""

    vendor: Vendor
    limiter: RateLimiter
    clock: VirtualClock
    faults: Faults
    journal: Journal

    def mount(self) -> Mount:
        """Return the vendor's routes under `/<vendor>`; whatever else is asked gets the vendor's 404."""
        routes = [
            Route(endpoint.path, self._serve(endpoint), methods=[endpoint.method])
            for endpoint in self.vendor.endpoints
        ]
        unknown = Endpoint("*", "/{path:path}", self._not_found, ())
        routes.append(Route(unknown.path, self._serve(unknown), methods=list(ANY_METHOD)))
        return Mount(f"/{self.vendor.name}", routes=routes)

    async def _not_found(self, _request: Request) -> Response:
        raise self.vendor.not_found

    def _serve(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            self.clock.advance()
            request.state.request_id = self.journal.next_request_id()
            response = await self._answer(endpoint, await self.faults.ask(request, self.vendor))
            if response.status_code != HTTP_UNAUTHORIZED:
                answered = Answered(request, response, self.vendor, self.clock.now)
                response = await self.faults.spoil(answered)
            response.headers.setdefault("Date", http_date(self.clock.now))
            name = f"{endpoint.method} {endpoint.path}"
            self.journal.record(self.vendor.name, name, response.status_code)
            return response

        return serve

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        request_id: str = request.state.request_id
        try:
            self.vendor.authenticate(request)
            allowances = self.limiter.take(endpoint.limits)
            for allowance in allowances:
                if allowance.is_refused:
                    return self.vendor.rate_limited(allowance.limit, allowance.retry_after, request_id)
            answer = await endpoint.answer(request)
        except VendorError as error:
            return self.vendor.error_response(error, request_id)
        response = answer if isinstance(answer, Response) else json_response(answer)
        response.headers.update(self.vendor.rate_headers(allowances))
        return response
