"""The one HTTP client of all vendors: authentication, retries, limits, and answers worth trusting.

Everything a network does to a night is settled here, so that a pager reads like the vendor's manual:
it asks for a page and gets a whole one, or the night stops with one line that says what to do.
"""

import email.utils
import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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
from valuegap.sources.connection import SourceConnection
from valuegap.sources.json_page import split_page

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
_UNAUTHORIZED, _FORBIDDEN, NOT_FOUND = 401, 403, 404


class SourceUnavailableError(SourceError):
    """No stream of this source can be read: its host does not answer, or refuses our credentials."""


class RefusedError(SourceError):
    """The vendor understood one request and refused it; `status` is the HTTP status."""

    def __init__(self, what: str, *, remedy: str, status: int) -> None:
        """`status` lets a pager tell a survey that is gone from a request that is wrong."""
        super().__init__(what, remedy=remedy)
        self.status = status


@dataclass(frozen=True)
class Limits:
    """How long and how much the client puts up with."""

    attempts: int = 6  # without Retry-After: about half a minute in all
    connect_seconds: float = 10.0
    silence_seconds: float = 60.0  # between two packets
    answer_seconds: float = 600.0  # one answer, first to last byte: a slow drip is never silent
    longest_backoff_seconds: float = 60.0
    longest_retry_after_seconds: float = 900.0
    answer_bytes: int = 256 * 2**20
    download_bytes: int = 2 * 2**30  # Qualtrics caps an export file at 1.8 GB


@dataclass(frozen=True)
class Answer:
    """A whole JSON answer: the text of each of its records, and what stood around them."""

    envelope: Mapping[str, Any]
    records: tuple[bytes, ...]


@dataclass(frozen=True)
class _Call:
    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: Mapping[str, object] | None = None
    accept: str = "application/json"


class _TransientError(Exception):
    """Worth another try; `retry_after` is the wait the vendor asked for, in seconds."""

    def __init__(
        self, reason: str, *, retry_after: float | None = None, is_unreachable: bool = False
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.is_unreachable = is_unreachable


class Client:
    """Calls one vendor over one session.

    `headers` prove who we are. `refusal` reads the vendor's own error message out of an answer, and
    returns None where the answer is no error. `sleep`, `monotonic` and `jitter` (0 to 1) are injected so
    that tests wait for nothing; no wall clock is read.
    """

    def __init__(  # noqa: PLR0913 - three parts of a vendor, three of time
        self,
        connection: SourceConnection,
        headers: Mapping[str, str],
        refusal: Callable[[Mapping[str, Any]], str | None],
        *,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        """Open a session; nothing is sent yet."""
        self.connection = connection
        self.sleep = sleep
        self.monotonic = monotonic
        self._refusal = refusal
        self._limits = limits or Limits()
        self._jitter = jitter or Random(0).random  # noqa: S311 - spreads retries, guards nothing
        credentials = (value.split()[-1] for value in headers.values() if value.strip())
        self._secrets = [secret for secret in (connection.password, *credentials) if secret]
        self._host = _host(connection.base_url)
        self._session = _session(headers, self._host)

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

    def download(self, path: str) -> IO[bytes]:
        """Return a whole file, open at its start; it stands on disk without a name and goes when closed."""
        return self._answer(_Call("GET", path, accept="*/*"), self._read_file)

    def error(self, path: str, what: str, *, remedy: str) -> SourceError:
        """Return an error about an answer that came whole but is not the vendor's protocol."""
        return SourceError(f"{self.connection.connection_id}: {path} {self._clean(what)}.", remedy=remedy)

    def _json(self, call: _Call, path: tuple[str, ...]) -> Answer:
        return self._answer(call, lambda response, deadline: self._read_json(response, deadline, path))

    def _answer(self, call: _Call, read: Callable[[requests.Response, float], _T]) -> _T:
        for attempt in range(1, self._limits.attempts + 1):
            try:
                return self._attempt(call, read)
            except _TransientError as failure:
                if attempt == self._limits.attempts:
                    raise self._gave_up(call, failure) from failure
                self._wait(call, failure, attempt)
        raise AssertionError("unreachable: attempts is at least 1")

    def _attempt(self, call: _Call, read: Callable[[requests.Response, float], _T]) -> _T:
        deadline = self.monotonic() + self._limits.answer_seconds
        try:
            with self._send(call) as response:
                self._check_status(call, response, deadline)
                return read(response, deadline)
        except _ADDRESS_ERRORS as error:
            raise self._unavailable("the host is no address") from error
        except _NETWORK_ERRORS as error:
            is_unreachable = isinstance(error, requests.ConnectionError)
            raise _TransientError(_reason(error), is_unreachable=is_unreachable) from error

    def _send(self, call: _Call) -> requests.Response:
        return self._session.request(
            call.method,
            f"{self.connection.base_url}{call.path}",
            params=call.params,
            json=call.body,
            headers={"Accept": call.accept},
            stream=True,
            allow_redirects=False,  # a redirect must never carry the token to another host
            timeout=(self._limits.connect_seconds, self._limits.silence_seconds),
        )

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
        said = self._vendor_message(response, deadline)
        if status in (_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS) or status >= _SERVER_ERROR:
            raise _TransientError(f"HTTP {status} {said}".strip(), retry_after=_retry_after(response))
        raise self._refused(call, status, said)

    def _refused(self, call: _Call, status: int, said: str) -> SourceError:
        if status == _UNAUTHORIZED:
            return self._unavailable(f"the vendor refused our credentials at {call.path} (HTTP 401). {said}")
        what = (
            f"{self.connection.connection_id}: {call.method} {call.path} was refused (HTTP {status}). {said}"
        )
        remedy = "Look the request up in the vendor's reference: the account may lack what it asks for."
        if status == _FORBIDDEN:
            remedy = f"Give the token in {self._variable} the right to read this, and run the night again."
        return RefusedError(what, remedy=remedy, status=status)

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
        if said := self._refusal(envelope):
            raise self.error(
                _path(response), f"answered with an error: {said}", remedy="Run the night again."
            )
        if path and records is None:
            raise self.error(
                _path(response),
                f"answered without {'.'.join(path)}",
                remedy="The vendor's API may have changed: compare with its reference.",
            )
        return Answer(envelope, records or ())

    def _read_file(self, response: requests.Response, deadline: float) -> IO[bytes]:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - handed to the caller, who closes it
        try:
            self._receive(response, file, deadline, self._limits.download_bytes)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

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
        said = self._refusal(envelope) if isinstance(envelope, dict) else None
        return f"It said: {self._clean(said)}." if said else ""

    def _wait(self, call: _Call, failure: _TransientError, attempt: int) -> None:
        seconds = failure.retry_after
        if seconds is None:
            backoff = min(self._limits.longest_backoff_seconds, 2.0 ** (attempt - 1))
            seconds = backoff * (0.5 + self._jitter() / 2)
        if seconds > self._limits.longest_retry_after_seconds:
            raise self.error(
                call.path,
                f"asks us to wait {seconds / 60:,.0f} minutes",
                remedy="Its quota is used up: run the night again after that.",
            )
        _log.warning(
            "%s: %s: %s; trying again in %.1f s", self.connection.connection_id, call.path, failure, seconds
        )
        self.sleep(seconds)

    def _gave_up(self, call: _Call, failure: _TransientError) -> SourceError:
        if failure.is_unreachable:
            return self._unavailable(f"{self._host} does not answer ({failure})")
        return self.error(
            call.path,
            f"gave no whole answer in {self._limits.attempts} tries; the last: {failure}",
            remedy="The vendor seems to have trouble: run the night again later, it goes on from here.",
        )

    def _unavailable(self, what: str) -> SourceUnavailableError:
        return SourceUnavailableError(
            f"{self.connection.connection_id}: {self._clean(what)}.",
            remedy=f"Check the host and the token in {self._variable}, and run the night again.",
        )

    @property
    def _variable(self) -> str:
        return f"AIRFLOW_CONN_{self.connection.connection_id.upper()}"

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        printable = "".join(character if character.isprintable() else " " for character in text)
        return " ".join(printable.split())[:_MESSAGE_CHARACTERS].rstrip(". ")


def _session(headers: Mapping[str, str], host: str) -> requests.Session:
    session = requests.Session()
    # Given as auth, our headers also keep requests from putting a .netrc entry in their place.
    session.auth = _SetHeaders(headers)
    # A company's proxy cannot reach a server on this machine.
    session.trust_env = not host.startswith(("127.", "localhost", "[::1]"))
    return session


class _SetHeaders(AuthBase):
    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


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
