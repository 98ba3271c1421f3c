"""The demo's own endpoints, with a token of their own: the clock, faults, the journal, the log."""

from dataclasses import dataclass
from datetime import date, timedelta

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from valuegap.demo.clock import VirtualClock
from valuegap.demo.faults import ArmedFault, Faults
from valuegap.demo.journal import Journal
from valuegap.demo.mutation_log import Log, write_log
from valuegap.demo.vendor import json_response

UNAUTHORIZED = {"error": "The admin endpoints need their own bearer token."}


@dataclass(frozen=True)
class AdminApi:
    """What may be done to a running demo company. `mount()` is what the server serves."""

    token: str
    clock: VirtualClock
    faults: Faults
    journal: Journal
    vendors: tuple[str, ...]
    log: Log

    def mount(self) -> Mount:
        """Return the routes under `/admin`."""
        return Mount(
            "/admin",
            routes=[
                Route("/clock", self._move_clock, methods=["POST"]),
                Route("/faults", self._arm_faults, methods=["POST"]),
                Route("/faults", self._disarm_faults, methods=["DELETE"]),
                Route("/journal", self._read_journal, methods=["GET"]),
                Route("/log", self._read_log, methods=["GET"]),
            ],
        )

    async def _move_clock(self, request: Request) -> Response:
        """Body `{"as_of": "2026-02-01"}`, and `"tick_seconds"` if every request shall move the clock."""
        if not self._is_admin(request):
            return json_response(UNAUTHORIZED, 401)
        try:
            body = orjson.loads(await request.body())
            as_of = date.fromisoformat(body["as_of"])
            tick = timedelta(seconds=body.get("tick_seconds", 0))
        except (ValueError, KeyError, TypeError):
            return json_response({"error": 'Send {"as_of": "2026-02-01"}.'}, 400)
        self.clock.move_to(as_of)
        self.clock.tick = tick
        return json_response({"now": self.clock.now.isoformat()})

    async def _arm_faults(self, request: Request) -> Response:
        """Body: a list of `{"name", "vendor", "path", "skip", "times"}`."""
        if not self._is_admin(request):
            return json_response(UNAUTHORIZED, 401)
        try:
            for fault in orjson.loads(await request.body()):
                self.faults.arm(ArmedFault(**fault))
        except (ValueError, KeyError, TypeError) as error:
            return json_response({"error": f"No such fault: {error}."}, 400)
        return json_response({"armed": True})

    async def _disarm_faults(self, request: Request) -> Response:
        if not self._is_admin(request):
            return json_response(UNAUTHORIZED, 401)
        self.faults.disarm()
        return json_response({"armed": False})

    async def _read_journal(self, request: Request) -> Response:
        if not self._is_admin(request):
            return json_response(UNAUTHORIZED, 401)
        return json_response(self.journal.to_json(self.vendors, self.faults))

    async def _read_log(self, request: Request) -> Response:
        """NDJSON, a mutation a line; empty for a company that was not made of a log."""
        if not self._is_admin(request):
            return json_response(UNAUTHORIZED, 401)
        return Response(write_log(self.log), media_type="application/x-ndjson")

    def _is_admin(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self.token}"
