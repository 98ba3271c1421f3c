"""The one HTTP client of all vendors: authentication, retries, limits, and answers worth trusting.

Everything a network does to a night is settled here, so that a pager reads like the vendor's manual:
it asks for a page and gets a whole one, or the night stops with one line that says what to do.
"""

import email.utils
import json
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from http.client import HTTPException
from io import BytesIO
from random import Random
from types import TracebackType
from typing import IO, Any, Self, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase

from valuegap.errors import SourceError
from valuegap.sources.access import Access
from valuegap.sources.connection import SourceConnection
from valuegap.sources.json_page import split_page
from valuegap.sources.pace import Pace
from valuegap.sources.stream import Source, TokenRequest

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_CHUNK_BYTES = 256 * 1024
_MESSAGE_CHARACTERS = 300
_ADDRESS_ERRORS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.LocationParseError,
)
_NETWORK_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    ConnectionError,
    TimeoutError,
)
_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS, _SERVER_ERROR = 408, 429, 500
_UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 401, 403, 404


class SourceUnavailableError(SourceError):
    """No stream of this source can be read: its host does not answer, or refuses our credentials."""


class RefusedError(SourceError):
    """The vendor understood one request and refused it.

    `status` is the HTTP status, `said` the vendor's own message: they let a pager tell a survey that is gone,
    or a cursor that has expired, from a request that is wrong.
    """

    def __init__(self, what: str, *, remedy: str, status: int, said: str = "") -> None:
        """`said` is empty where the vendor gave no message that could be read."""
        super().__init__(what, remedy=remedy)
        self.status = status
        self.said = said


class StoppedError(Exception):
    """Another stream of this source has found that none of them can be read: there is no use in asking on."""


@dataclass(frozen=True)
class Limits:
    """How long and how much the client puts up with."""

    attempts: int = 6  # without Retry-After: about half a minute in all
    connect_seconds: float = 10.0
    silence_seconds: float = 60.0  # between two packets
    answer_seconds: float = 600.0  # one answer, first to last byte: a slow drip is never silent
    longest_backoff_seconds: float = 60.0
    longest_wait_seconds: float = 900.0  # that a vendor may ask for
    answer_bytes: int = 256 * 2**20
    download_bytes: int = 2 * 2**30  # Qualtrics caps an export file at 1.8 GB


@dataclass(frozen=True)
class Answer:
    """A whole JSON answer: the text of each of its records, what stood around them, and its headers."""

    envelope: Mapping[str, Any]
    records: tuple[bytes, ...]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Download:
    """A whole file, open at its start in a `with` block, and the headers it came with."""

    file: IO[bytes]
    headers: Mapping[str, str]

    def __enter__(self) -> IO[bytes]:
        """Return the file. It stands on disk without a name and goes when closed."""
        return self.file

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.file.close()


@dataclass(frozen=True)
class _Call:
    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: Mapping[str, object] | None = None
    accept: str = "application/json"
    token_request: TokenRequest | None = None  # then it proves who we are by itself


class _TransientError(Exception):
    """Worth another try; `retry_after` is the wait the vendor asked for, in seconds.

    `is_for_all`: the vendor speaks of the whole source, so its other streams have to wait too.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        is_for_all: bool = False,
        is_unreachable: bool = False,
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.is_for_all = is_for_all
        self.is_unreachable = is_unreachable


class _UnauthorizedError(Exception):
    """The vendor does not know our token; `said` is its message."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class Client:
    """Calls one source: `for_stream` gives each stream a client of its own, for one thread.

    They share the access token and the pace; each has its own session, and counts in `requests` what it
    sent, tries and token requests included. `sleep`, `monotonic` and `jitter` (0 to 1) are injected so that
    tests wait for nothing; no wall clock is read.
    """

    def __init__(  # noqa: PLR0913 - a source and its connection, patience, and three parts of time
        self,
        connection: SourceConnection,
        source: Source,
        *,
        limits: Limits | None = None,
        sleep: Callable[[float], object] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        """Open a session; nothing is sent yet."""
        self.connection = connection
        self.requests = 0
        self._stopped = threading.Event()
        self.sleep = sleep or self._stopped.wait  # a stopped source must not sleep on
        self.monotonic = monotonic
        self._stream = ""
        self._source = source
        self._limits = limits or Limits()
        self._jitter = jitter or Random(0).random  # noqa: S311 - spreads retries, guards nothing
        self._headers = source.headers(connection)
        self._pace = Pace(source.rates(connection), sleep=self.sleep, monotonic=monotonic)
        request = source.token(connection)
        self._access = Access(connection.connection_id, request, monotonic) if request else None
        self._host = _host(connection.base_url)
        self._session = _session(self._host)

    def for_stream(self, name: str) -> "Client":
        """Return the client of one stream, named in its errors."""
        client = copy(self)
        client._stream = name
        client.requests = 0
        client._session = _session(self._host)
        return client

    def stop(self) -> None:
        """Let no client of this source send another request: each raises `StoppedError` instead."""
        self._stopped.set()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session's connections."""
        self._session.close()

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, records: tuple[str, ...] = ()
    ) -> Answer:
        """Ask for a JSON answer; `records` is the path of keys that leads to its records."""
        return self._json(_Call("GET", path, params=params), records)

    def post(self, path: str, body: Mapping[str, object], *, records: tuple[str, ...] = ()) -> Answer:
        """Send a JSON body and return the JSON answer. Only for calls that are safe to repeat."""
        return self._json(_Call("POST", path, body=body), records)

    def download(
        self, path: str, params: Mapping[str, str] | None = None, *, accept: str = "*/*"
    ) -> Download:
        """Fetch a whole file, of any kind the vendor calls it."""
        return self._answer(_Call("GET", path, params=params, accept=accept), self._read_file)

    def error(self, path: str, what: str, *, remedy: str) -> SourceError:
        """Return an error about an answer that came whole but is not the vendor's protocol."""
        return SourceError(f"{self._name}: {path} {self._clean(what)}.", remedy=remedy)

    def _json(self, call: _Call, path: tuple[str, ...]) -> Answer:
        return self._answer(call, lambda response, deadline: self._read_json(response, deadline, path))

    def _answer(self, call: _Call, read: Callable[[requests.Response, float], _T]) -> _T:
        attempt, is_renewed = 1, False
        while True:
            token = self._token(call)
            try:
                return self._attempt(call, token, read)
            except _UnauthorizedError as refused:
                if not token or is_renewed:
                    raise self._unauthorized(call, refused.said, is_renewed=is_renewed) from refused
                self._renew(token)
                is_renewed = True
            except _TransientError as failure:
                if attempt == self._limits.attempts:
                    raise self._gave_up(call, failure) from failure
                self._wait(call, failure, attempt)
                attempt += 1

    def _attempt(self, call: _Call, token: str, read: Callable[[requests.Response, float], _T]) -> _T:
        self._take_turn(call)
        deadline = self.monotonic() + self._limits.answer_seconds
        try:
            with self._send(call, token) as response:
                self._pace.hold(self._source.pause(response.headers))
                self._check_status(call, response, deadline)
                return read(response, deadline)
        except _ADDRESS_ERRORS as error:
            remedy = f"Put the right one into {self._variable}"
            raise self._unavailable("the host is no address", remedy) from error
        except _NETWORK_ERRORS as error:
            is_unreachable = isinstance(error, requests.ConnectionError)
            raise _TransientError(_reason(error), is_unreachable=is_unreachable) from error

    def _take_turn(self, call: _Call) -> None:
        if self._stopped.is_set():
            raise StoppedError
        self._check_wait(call, self._pace.hold_seconds)
        self._pace.take_turn(call.path)
        if self._stopped.is_set():  # while it waited
            raise StoppedError
        self.requests += 1

    def _send(self, call: _Call, token: str) -> requests.Response:
        return self._session.request(
            call.method,
            f"{self.connection.base_url}{call.path}",
            params=call.params,
            json=call.body,
            data=call.token_request.form if call.token_request else None,
            headers={"Accept": call.accept},
            auth=_SetHeaders(self._proof(call, token)),
            stream=True,
            allow_redirects=False,  # a redirect must never carry the token to another host
            timeout=(self._limits.connect_seconds, self._limits.silence_seconds),
        )

    def _proof(self, call: _Call, token: str) -> Mapping[str, str]:
        if call.token_request:
            return call.token_request.headers
        return {"Authorization": f"Bearer {token}"} if token else self._headers

    def _token(self, call: _Call) -> str:
        """Return the access token of a call; empty where the connection is not of OAuth."""
        if self._access is None or call.token_request:
            return ""
        return self._access.token(self._ask_for_token)

    def _renew(self, refused: str) -> None:
        if self._access is not None:
            self._access.renew(refused, self._ask_for_token)

    def _ask_for_token(self, request: TokenRequest) -> Mapping[str, Any]:
        call = _Call("POST", request.path, token_request=request)
        try:
            envelope = self._json(call, ()).envelope
        except SourceUnavailableError:
            raise
        except SourceError as error:
            raise SourceUnavailableError(
                error.what, remedy=f"{self._token_remedy}, and run the night again."
            ) from error
        if not envelope.get("access_token"):
            raise self._unavailable(f"{request.path} answered without an access token", self._token_remedy)
        return envelope

    def _check_status(self, call: _Call, response: requests.Response, deadline: float) -> None:
        status = response.status_code
        if status < requests.codes.multiple_choices:
            return
        if status < requests.codes.bad_request:
            target = _host(response.headers.get("Location", ""))
            raise self.error(
                call.path,
                f"answered with a redirect to {target}, which is not followed",
                remedy=f"Put the right host into {self._variable}.",
            )
        if status == _UNAUTHORIZED:
            raise _UnauthorizedError(self._vendor_message(response, deadline))
        said = self._vendor_message(response, deadline)
        if status in (_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS) or status >= _SERVER_ERROR:
            retry_after = _retry_after(response)
            raise _TransientError(
                f"HTTP {status}{_quoted(said)}",
                retry_after=retry_after,
                is_for_all=status == _TOO_MANY_REQUESTS or retry_after is not None,
            )
        raise self._refused(call, status, said)

    def _refused(self, call: _Call, status: int, said: str) -> RefusedError:
        what = f"{self._name}: {call.method} {call.path} was refused (HTTP {status}).{_quoted(said)}"
        remedy = "Look the request up in the vendor's reference: the account may lack what it asks for."
        if status == FORBIDDEN:
            remedy = (
                f"Give the token in {self._variable} the right to read this, or the account a plan that has "
                "it, and run the night again."
            )
        return RefusedError(what, remedy=remedy, status=status, said=said)

    def _unauthorized(self, call: _Call, said: str, *, is_renewed: bool) -> SourceUnavailableError:
        known = "a token it has just given" if is_renewed else "our credentials"
        return self._unavailable(
            f"the vendor refused {known} at {call.path} (HTTP 401).{_quoted(said)}",
            self._token_remedy
            if is_renewed or call.token_request
            else f"Put valid ones into {self._variable}",
        )

    def _read_json(self, response: requests.Response, deadline: float, path: tuple[str, ...]) -> Answer:
        body = BytesIO()
        self._receive(response, body, deadline, self._limits.answer_bytes)
        if not _claims_json(response, body.getvalue()):
            raise self.error(
                _path(response),
                f"answered {response.headers.get('Content-Type', 'something')} instead of JSON",
                remedy=f"A login page or a proxy may stand in between: check the host in {self._variable}.",
            )
        try:
            envelope, records = split_page(body.getvalue(), path)
        except ValueError as error:
            raise _TransientError("an answer that is not whole JSON") from error
        if said := self._source.refusal(envelope):
            raise self.error(
                _path(response), f"answered with an error: {said}", remedy="Run the night again."
            )
        if path and records is None:
            raise self.error(
                _path(response),
                f"answered without {'.'.join(path)}",
                remedy="The vendor's API may have changed: compare with its reference.",
            )
        return Answer(envelope, records or (), response.headers)

    def _read_file(self, response: requests.Response, deadline: float) -> Download:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - handed to the caller, who closes it
        try:
            self._receive(response, file, deadline, self._limits.download_bytes)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return Download(file, response.headers)

    def _receive(self, response: requests.Response, sink: IO[bytes], deadline: float, limit: int) -> None:
        for chunk in self._chunks(response, deadline):
            sink.write(chunk)
            if sink.tell() > limit:
                raise self.error(
                    _path(response),
                    f"sent more than {limit:,} bytes in one answer",
                    remedy="Ask the vendor why.",
                )

    def _chunks(self, response: requests.Response, deadline: float) -> Iterator[bytes]:
        # read1 returns what one packet brought. iter_content would wait for a whole chunk, and a vendor
        # that drips a byte a second would never let us look at the clock.
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            yield chunk
            if self.monotonic() > deadline:
                raise _TransientError("an answer that did not end in time")

    def _vendor_message(self, response: requests.Response, deadline: float) -> str:
        body = BytesIO()
        try:
            self._receive(response, body, deadline, _CHUNK_BYTES)
            envelope = json.loads(body.getvalue())
        except (ValueError, RecursionError, SourceError, _TransientError, *_NETWORK_ERRORS):
            return ""
        if isinstance(envelope, list) and envelope:  # Salesforce lists its errors
            envelope = envelope[0]
        if not isinstance(envelope, dict):
            return ""
        # An OAuth endpoint words its errors as RFC 6749 has them, whatever the rest of the API does.
        said = envelope.get("error_description") or self._source.refusal(envelope)
        return self._clean(str(said)) if said else ""

    def _wait(self, call: _Call, failure: _TransientError, attempt: int) -> None:
        seconds = failure.retry_after
        if seconds is None:
            backoff = min(self._limits.longest_backoff_seconds, 2.0 ** (attempt - 1))
            seconds = backoff * (0.5 + self._jitter() / 2)
        self._check_wait(call, seconds)
        _log.warning("%s: %s: %s; trying again in %.1f s", self._name, call.path, failure, seconds)
        if failure.is_for_all:
            self._pace.hold(seconds)
        else:
            self.sleep(seconds)

    def _check_wait(self, call: _Call, seconds: float) -> None:
        if seconds > self._limits.longest_wait_seconds:
            raise self.error(
                call.path,
                f"asks us to wait {seconds / 60:,.0f} minutes",
                remedy="Its quota is used up: run the night again after that.",
            )

    def _gave_up(self, call: _Call, failure: _TransientError) -> SourceError:
        if failure.is_unreachable:
            return self._unavailable(
                f"{self._host} does not answer ({failure})",
                f"Check the network and the host in {self._variable}",
            )
        return self.error(
            call.path,
            f"gave no whole answer in {self._limits.attempts} tries; the last: {failure}",
            remedy="The vendor seems to have trouble: run the night again later, it goes on from here.",
        )

    def _unavailable(self, what: str, remedy: str) -> SourceUnavailableError:
        return SourceUnavailableError(
            f"{self._name}: {self._clean(what)}.", remedy=f"{remedy}, and run the night again."
        )

    @property
    def _name(self) -> str:
        return f"{self.connection.connection_id} {self._stream}".rstrip()

    @property
    def _token_remedy(self) -> str:
        return f"Check the client's id, its secret and the refresh token in {self._variable}"

    @property
    def _variable(self) -> str:
        return f"AIRFLOW_CONN_{self.connection.connection_id.upper()}"

    def _clean(self, text: str) -> str:
        for secret in self._secrets():
            text = text.replace(secret, "***")
        printable = "".join(character if character.isprintable() else " " for character in text)
        return " ".join(printable.split())[:_MESSAGE_CHARACTERS].rstrip(". ")

    def _secrets(self) -> list[str]:
        credentials = (value.split()[-1] for value in self._headers.values() if value.strip())
        granted = self._access.secrets if self._access else []
        return [secret for secret in (self.connection.password, *credentials, *granted) if secret]


def _session(host: str) -> requests.Session:
    session = requests.Session()
    # A company's proxy cannot reach a server on this machine.
    session.trust_env = not host.startswith(("127.", "localhost", "[::1]"))
    return session


class _SetHeaders(AuthBase):
    """Given as auth, our headers also keep requests from putting a .netrc entry in their place."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


def _quoted(said: str) -> str:
    return f" It said: {said}." if said else ""


def _host(url: str) -> str:
    # netloc without a user and password that may stand in it
    return urlsplit(url).netloc.rpartition("@")[2] or "nowhere"


def _path(response: requests.Response) -> str:
    return urlsplit(response.url).path


def _reason(error: BaseException) -> str:
    inner = getattr(error.args[0], "reason", None) if error.args else None
    return type(inner or error).__name__


def _claims_json(response: requests.Response, body: bytes) -> bool:
    is_declared = "json" in response.headers.get("Content-Type", "").lower()
    return is_declared or not body or body.lstrip()[:1] == b"{"


def _retry_after(response: requests.Response) -> float | None:
    """Seconds of a Retry-After header; a date in it is counted from the answer's own Date, not our clock."""
    value = response.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = email.utils.parsedate_to_datetime(value)
        return max(0.0, (until - email.utils.parsedate_to_datetime(response.headers["Date"])).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None
