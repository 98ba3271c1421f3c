"""The demo company's HTTP server: all its vendors on one port, one company and one clock."""

import asyncio
import math
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from valuegap.demo.admin_api import AdminApi
from valuegap.demo.clock import VirtualClock
from valuegap.demo.company import generate_company
from valuegap.demo.faults import Faults
from valuegap.demo.hubspot_api import hubspot
from valuegap.demo.journal import Journal
from valuegap.demo.limits import RateLimiter
from valuegap.demo.mutation_log import Log, company_of, read_log
from valuegap.demo.qualtrics_api import qualtrics
from valuegap.demo.real import load_real_company
from valuegap.demo.records import Company
from valuegap.demo.salesforce_api import salesforce
from valuegap.demo.tokens import DEMO_TOKENS, Tokens, demo_connections
from valuegap.demo.vendor_app import VendorApp
from valuegap.demo.world import Size
from valuegap.demo.zendesk_api import zendesk
from valuegap.errors import ConfigurationError

__all__ = ["DEMO_TOKENS", "DemoServer", "Tokens", "demo_connections", "serve", "serve_demo"]

LOOPBACK = "127.0.0.1"
UNLIMITED = math.inf
DEMO_SPEED = 60.0
"""A minute of the vendors' limits lasts a second: a first night meets some 429s and loses seconds by them."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
SHUTDOWN_SECONDS = 2


@dataclass(frozen=True)
class DemoServer:
    """A served company. `faults` and `journal` may be used from the test that started it."""

    app: Starlette
    clock: VirtualClock
    faults: Faults
    journal: Journal
    socket: socket.socket

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.socket.getsockname()[1])

    @property
    def base_url(self) -> str:
        """Where it answers, without a trailing slash."""
        return f"http://{self.socket.getsockname()[0]}:{self.port}"


def demo_server(  # noqa: PLR0913 - what a server is made of
    company: Company,
    *,
    as_of: date,
    host: str = LOOPBACK,
    port: int = 0,
    tokens: Tokens = DEMO_TOKENS,
    speed: float = DEMO_SPEED,
    log: Log = (),
) -> DemoServer:
    """Bind a server to `host` and `port` (0: any free one) and put the vendors on it; nothing answers yet.

    `speed` is how much faster than real the vendors' rate limits refill; `UNLIMITED` takes them away.
    `log` is what the company was made of, where it was made of a log: the admin may read it.
    Raises `ConfigurationError` when the port is taken.
    """
    clock, faults, journal = VirtualClock(as_of), Faults(), Journal()
    vendors = (
        hubspot(company, clock, tokens.hubspot, faults),
        zendesk(company, clock, tokens, faults),
        qualtrics(company, clock, tokens.qualtrics, faults),
        salesforce(company, clock, tokens.salesforce_app, tokens.salesforce, faults),
    )
    names = tuple(vendor.name for vendor in vendors)
    admin = AdminApi(tokens.admin, clock, faults, journal, names, log)
    mounts = [
        VendorApp(vendor, RateLimiter(vendor.limits, speed), clock, faults, journal).mount()
        for vendor in vendors
    ]
    app = Starlette(routes=[*mounts, admin.mount()])
    return DemoServer(app, clock, faults, journal, _listen(host, port))


@contextmanager
def serve(  # noqa: PLR0913 - what a server is made of
    company: Company,
    *,
    as_of: date,
    host: str = LOOPBACK,
    port: int = 0,
    tokens: Tokens = DEMO_TOKENS,
    speed: float = DEMO_SPEED,
    log: Log = (),
) -> Iterator[DemoServer]:
    """Serve `company` from a thread of this process, for tests and benchmarks; stop when the block ends."""
    server = demo_server(company, as_of=as_of, host=host, port=port, tokens=tokens, speed=speed, log=log)
    web = _web_server(server)
    thread = threading.Thread(target=web.run, kwargs={"sockets": [server.socket]}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        web.should_exit = True
        thread.join()


def serve_demo(  # noqa: PLR0913 - each is one flag of the command
    *,
    as_of: date,
    data: Path | None = None,
    log: Path | None = None,
    seed: int = 7,
    size: Size = "S",
    nights: int = 60,
    port: int = 0,
    speed: float = DEMO_SPEED,
    port_file: Path | None = None,
) -> None:
    """Serve the generated company, the real records in `data`, or that of a `log`, until SIGTERM or SIGINT.

    `port_file`, where given, holds the port from the moment requests are taken until the server ends.
    """
    history = () if log is None else read_log(log)
    company = _company(data, seed, size, nights) if log is None else company_of(history)
    server = demo_server(company, as_of=as_of, port=port, speed=speed, log=history)
    web = _web_server(server)
    _stop_on_signal(web)
    if port_file is not None:
        _write_whole(port_file, f"{server.port}\n")
    try:
        web.run(sockets=[server.socket])
    finally:
        if port_file is not None:
            port_file.unlink(missing_ok=True)


def _company(data: Path | None, seed: int, size: Size, nights: int) -> Company:
    if data is not None:
        return load_real_company(data)
    return generate_company(seed=seed, size=size, nights=nights)


def _stop_on_signal(web: uvicorn.Server) -> None:
    """End `web` on SIGTERM and SIGINT: also before it runs, and when it raises them again after its end."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        web.should_exit = True

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"The demo company cannot listen on {host}:{port}: {error.strerror}.",
            remedy="Choose another --port, or 0 for any free one.",
        ) from None
    listener.listen()  # from here on connections wait instead of being refused
    return listener


def _web_server(server: DemoServer) -> uvicorn.Server:
    web = uvicorn.Server(
        uvicorn.Config(
            server.app,
            access_log=False,
            log_level="warning",
            lifespan="off",
            date_header=False,  # the vendors' clock is not ours
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )

    async def end_connection(client: tuple[str, int], *, resets: bool) -> None:
        for connection in web.server_state.connections:
            transport = getattr(connection, "transport", None)
            if transport is not None and transport.get_extra_info("peername") == tuple(client):
                if resets:
                    transport.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE
                    )
                    transport.abort()
                else:
                    transport.close()
        await asyncio.sleep(0.01)  # until uvicorn knows, or it reports an answer that was never finished

    server.app.state.end_connection = end_connection
    return web


def _write_whole(path: Path, text: str) -> None:
    """Write a file that never shows half of its text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(text)
    draft.replace(path)
