"""A vendor of one's own: an HTTP server on this machine that answers what a test scripted."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from valuegap.sources.client import Client, Limits
from valuegap.sources.connection import SourceConnection

TOKEN = "s3cret-token"
MOST_REQUESTS = 2000


@dataclass(frozen=True)
class Request:
    """One request as the server saw it."""

    method: str
    path: str
    params: dict[str, str]
    body: dict
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """What to send. `wire` writes the body by itself, to break it; `length` is the Content-Length claimed."""

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    length: int | None = None
    wire: Callable[[BaseHTTPRequestHandler, bytes], None] | None = None

    @property
    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class FakeVendor:
    """Answers with `handler(request)`, a `Reply` or a JSON body, and remembers every request."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.handler: Callable[[Request], object] = lambda _request: {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_arguments: None  # a broken connection is what tests want
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @staticmethod
    def reply(*parts: object, **named: object) -> Reply:
        return Reply(*parts, **named)

    def script(self, *replies: object) -> None:
        """Answer the replies one after the other, the last one for ever."""
        rest = list(replies)
        self.handler = lambda _request: rest.pop(0) if len(rest) > 1 else rest[0]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                content = self.rfile.read(size)
                is_form = "form" in self.headers.get("Content-Type", "")
                body = dict(parse_qsl(content.decode())) if is_form else json.loads(content or b"{}")
                url = urlsplit(self.path)
                request = Request(
                    self.command,
                    url.path,
                    {key: values[-1] for key, values in parse_qs(url.query).items()},
                    body,
                    dict(self.headers),
                )
                vendor.requests.append(request)
                if len(vendor.requests) > MOST_REQUESTS:
                    raise ConnectionAbortedError("the client never ends")
                answer = vendor.handler(request)
                self.reply(answer if isinstance(answer, Reply) else Reply(answer))

            do_POST = do_GET  # noqa: N815 - the name http.server looks for

            def reply(self, reply: Reply) -> None:
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                length = len(reply.payload) if reply.length is None else reply.length
                self.send_header("Content-Length", str(length))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if reply.wire:
                    reply.wire(self, reply.payload)
                else:
                    self.wfile.write(reply.payload)
                if length != len(reply.payload):
                    self.close_connection = True

            def log_message(self, *_arguments: object) -> None:
                pass

        return Handler


class FakeTime:
    """A clock that moves only when someone sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def vendor() -> Iterator[FakeVendor]:
    fake = FakeVendor()
    yield fake
    fake.close()


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def connect(vendor, fake_time) -> Iterator[Callable[..., Client]]:
    """Opens clients on the fake vendor, HubSpot's way unless told another source."""
    opened = []

    def open_client(source=None, *, limits=None, url=None, **connection) -> Client:
        from valuegap.sources.hubspot import HUBSPOT

        source = source or HUBSPOT
        to = SourceConnection(source.connection_id, url or vendor.url, password=TOKEN, **connection)
        limits = limits or Limits(attempts=4, connect_seconds=2, silence_seconds=2)
        client = Client(
            to,
            source,
            limits=limits,
            sleep=fake_time.sleep,
            monotonic=fake_time.monotonic,
        )
        opened.append(client)
        return client

    yield open_client
    for client in opened:
        client.__exit__(None, None, None)
