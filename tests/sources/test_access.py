"""Access tokens: asked for, renewed once for all who need it, and never shown."""

import logging
import threading
from base64 import b64encode
from dataclasses import replace

import pytest

from valuegap.errors import SourceError
from valuegap.sources.client import SourceUnavailableError
from valuegap.sources.registry import SOURCES
from valuegap.sources.stream import TokenRequest

PAGE = {"results": [{"id": "1"}]}
CLIENT_SECRET, REFRESH_TOKEN = "client-s3cret", "refresh-s3cret"
FORM = {"grant_type": "refresh_token", "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}
TOKEN_PATH = "/oauth/v1/token"


class OAuthVendor:
    """Gives the tokens token-1, token-2, …; lets in the one in `valid`, every one it gives unless told not to."""

    def __init__(self, vendor, **answer) -> None:
        self.vendor, self.answer, self.given, self.lets_in = vendor, answer, 0, True
        self.valid = ""
        self._lock = threading.Lock()
        vendor.handler = self.handle

    def handle(self, request):
        with self._lock:
            if request.path == TOKEN_PATH:
                self.given += 1
                token = f"token-{self.given}"
                self.valid = token if self.lets_in else self.valid
                return {"access_token": token, **self.answer}
        if request.headers.get("Authorization") == f"Bearer {self.valid}":
            return PAGE
        said = f"expired: {request.headers.get('Authorization')}"
        return self.vendor.reply({"status": "error", "message": said}, 401)

    @property
    def asked(self):
        return [request.path for request in self.vendor.requests]

    @property
    def forms(self):
        return [request.body for request in self.vendor.requests if request.path == TOKEN_PATH]


@pytest.fixture
def oauth(vendor) -> OAuthVendor:
    return OAuthVendor(vendor)


def with_oauth(form=None, **request):
    return replace(
        SOURCES["hubspot"], token=lambda _connection: TokenRequest(TOKEN_PATH, form or FORM, **request)
    )


def read(client):
    return client.get("/x", records=("results",)).records


def failure(client) -> SourceUnavailableError:
    with pytest.raises(SourceUnavailableError) as caught:
        read(client)
    text = str(caught.value)
    assert "hubspot_default" in text
    assert "AIRFLOW_CONN_HUBSPOT_DEFAULT" in caught.value.remedy
    assert not any(secret in text for secret in (CLIENT_SECRET, REFRESH_TOKEN, "token-1", "token-2"))
    assert "\n" not in text
    return caught.value


def test_a_token_is_asked_for_once_with_the_form_and_shown_as_bearer(oauth, connect) -> None:
    client = connect(with_oauth())
    assert read(client) == read(client) == (b'{"id": "1"}',)
    assert oauth.asked == [TOKEN_PATH, "/x", "/x"]
    token_request = oauth.vendor.requests[0]
    assert token_request.method == "POST"
    assert token_request.body == FORM
    assert token_request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in token_request.headers
    assert client.requests == 3


def test_a_vendor_that_wants_the_clients_secret_in_a_header_gets_it_there(oauth, connect) -> None:
    basic = f"Basic {b64encode(b'client:s3cret').decode()}"
    client = connect(with_oauth({"grant_type": "client_credentials"}, headers={"Authorization": basic}))
    read(client)
    assert oauth.vendor.requests[0].headers["Authorization"] == basic
    assert oauth.forms == [{"grant_type": "client_credentials"}]


def test_a_token_that_has_run_out_is_renewed_and_the_request_goes_on(oauth, connect) -> None:
    client = connect(with_oauth())
    read(client)
    oauth.valid = "another"
    assert read(client) == (b'{"id": "1"}',)
    assert oauth.asked == [TOKEN_PATH, "/x", "/x", TOKEN_PATH, "/x"]


def test_a_token_is_renewed_before_it_runs_out_where_the_vendor_says_when(vendor, connect, fake_time) -> None:
    oauth = OAuthVendor(vendor, expires_in=1800)
    client = connect(with_oauth())
    read(client)
    fake_time.now += 1739
    read(client)
    assert oauth.given == 1
    fake_time.now += 1
    read(client)
    assert oauth.given == 2
    assert oauth.asked.count("/x") == 3


def test_a_refresh_token_that_was_replaced_is_used_from_then_on(vendor, connect, caplog) -> None:
    oauth = OAuthVendor(vendor, refresh_token="rotated-s3cret")
    client = connect(with_oauth())
    read(client)
    oauth.valid = "another"
    read(client)
    assert [form["refresh_token"] for form in oauth.forms] == [REFRESH_TOKEN, "rotated-s3cret"]
    assert "hubspot_default: the vendor has replaced the refresh token" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_new_token_that_is_refused_ends_it_in_one_line(oauth, connect) -> None:
    oauth.lets_in = False
    assert "a token it has just given at /x (HTTP 401)" in str(failure(connect(with_oauth())))
    assert oauth.asked == [TOKEN_PATH, "/x", TOKEN_PATH, "/x"]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_renewal_ends_it_in_one_line(vendor, connect, status) -> None:
    said = {"error": "invalid_grant", "error_description": f"{REFRESH_TOKEN} has been used"}
    vendor.handler = lambda _request: vendor.reply(said, status)
    error = failure(connect(with_oauth()))
    assert TOKEN_PATH in str(error)
    assert "*** has been used" in str(error)
    assert len(vendor.requests) == 1


def test_an_answer_without_a_token_ends_it_in_one_line(vendor, connect) -> None:
    vendor.script({"token_type": "bearer"})
    assert "without an access token" in str(failure(connect(with_oauth())))


def test_trouble_while_renewing_is_waited_out(vendor, connect, fake_time) -> None:
    vendor.script(
        vendor.reply({}, 503), vendor.reply({}, 429, {"Retry-After": "7"}), {"access_token": "t"}, PAGE
    )
    assert read(connect(with_oauth())) == (b'{"id": "1"}',)
    assert fake_time.slept[1] == 7


def test_streams_side_by_side_renew_a_token_once(oauth, connect) -> None:
    client = connect(with_oauth())
    read(client)
    oauth.valid = "another"
    streams = [client.for_stream(f"stream-{number}") for number in range(8)]
    together = threading.Barrier(len(streams))
    found = []

    def read_one(stream) -> None:
        with stream:
            together.wait()
            found.append(read(stream))

    threads = [threading.Thread(target=read_one, args=(stream,)) for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(b'{"id": "1"}',)] * 8
    assert oauth.given == 2
    assert sum(stream.requests for stream in streams) == len(oauth.asked) - 2


def test_no_log_line_holds_a_secret(vendor, connect, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {"status": "error", "message": f"token-1 {CLIENT_SECRET} {REFRESH_TOKEN}"}
    vendor.script({"access_token": "token-1"}, vendor.reply(echo, 503), PAGE)
    read(connect(with_oauth()))
    assert "HTTP 503 It said: *** *** ***" in caplog.text
    assert not any(secret in caplog.text for secret in ("token-1", CLIENT_SECRET, REFRESH_TOKEN))
    assert CLIENT_SECRET not in repr(TokenRequest(TOKEN_PATH, FORM))


def test_a_token_that_never_runs_out_is_refused_at_once(vendor, connect) -> None:
    vendor.script(vendor.reply({"status": "error", "message": "expired"}, 401))
    with pytest.raises(SourceError, match=r"our credentials at /x \(HTTP 401\). It said: expired"):
        read(connect())
    assert len(vendor.requests) == 1
