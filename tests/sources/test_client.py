"""The client against a real server that misbehaves: what is waited out, what is refused, what is said."""

import logging
import socket
import struct
import time
import zlib
from itertools import pairwise

import pytest

from valuegap.errors import SourceError
from valuegap.sources.client import Client, Limits, RefusedError, SourceUnavailableError
from valuegap.sources.connection import SourceConnection
from valuegap.sources.registry import SOURCES

TOKEN = "s3cret-token"
PAGE = {"results": [{"id": "1"}], "total": 1}
PATH = "/crm/v3/objects/contacts"


def records(client: Client) -> tuple[bytes, ...]:
    return client.get(PATH, {"limit": "100"}, records=("results",)).records


def failure(client: Client) -> SourceError:
    with pytest.raises(SourceError) as caught:
        records(client)
    text = str(caught.value)
    assert "\n" not in text
    assert TOKEN not in text
    assert "hubspot_default" in text
    return caught.value


def cut_off(handler, payload) -> None:
    handler.wfile.write(payload[: len(payload) // 2])


def reset(handler, payload) -> None:
    handler.wfile.write(payload[: len(payload) // 2])
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for file in (handler.wfile, handler.rfile, handler.connection):
        file.close()


def chunked_cut_off(handler, payload) -> None:
    handler.wfile.write(b"5\r\n" + payload[:5] + b"\r\n20\r\nshort")
    handler.close_connection = True


# --- waited out ---------------------------------------------------------------------------------------


def test_a_good_answer_takes_one_request_and_no_wait(vendor, connect, fake_time) -> None:
    vendor.script(PAGE)
    assert records(connect()) == (b'{"id": "1"}',)
    assert len(vendor.requests) == 1
    assert vendor.requests[0].params == {"limit": "100"}
    assert fake_time.slept == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"Retry-After": "93"}, 93, id="seconds"),
        pytest.param({"Retry-After": "0.5"}, 0.5, id="fraction"),
        pytest.param(
            {"Retry-After": "Thu, 01 Jan 2099 00:01:10 GMT", "Date": "Thu, 01 Jan 2099 00:00:00 GMT"},
            70,
            id="date, counted from the vendor's clock and not from ours",
        ),
    ],
)
def test_retry_after_is_waited_in_full(vendor, connect, fake_time, headers, seconds) -> None:
    # send_response writes a Date of its own before ours: leave only ours.
    vendor.server.RequestHandlerClass.date_time_string = lambda *_: headers.get("Date", "x")
    sent = {name: value for name, value in headers.items() if name != "Date"}
    vendor.script(vendor.reply({}, 429, sent), PAGE)
    assert records(connect()) == (b'{"id": "1"}',)
    assert fake_time.slept == [seconds]


def test_without_retry_after_waits_grow_and_are_capped(vendor, connect, fake_time) -> None:
    vendor.script(vendor.reply({}, 429))
    failure(connect(limits=Limits(attempts=9, longest_backoff_seconds=20)))
    assert len(vendor.requests) == 9
    assert max(fake_time.slept) <= 20
    growing = [wait for wait in fake_time.slept if wait < 10]
    assert len(growing) >= 4
    assert all(later > earlier for earlier, later in pairwise(growing))


def test_a_quota_that_is_used_up_for_hours_stops_the_night(vendor, connect, fake_time) -> None:
    vendor.script(vendor.reply({}, 429, {"Retry-After": "7200"}))
    assert "120 minutes" in str(failure(connect()))
    assert fake_time.slept == []


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 524])
def test_a_burst_of_server_errors_is_waited_out(vendor, connect, status) -> None:
    vendor.script(*[vendor.reply({}, status)] * 3, PAGE)
    assert records(connect()) == (b'{"id": "1"}',)
    assert len(vendor.requests) == 4


def test_a_vendor_that_stays_broken_is_given_up(vendor, connect) -> None:
    vendor.script(vendor.reply({"status": "error", "message": "boom"}, 500))
    text = str(failure(connect()))
    assert len(vendor.requests) == 4
    assert "4 tries" in text
    assert "HTTP 500 It said: boom" in text


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"body": b'{"results":[{"id":"1"'}, id="truncated JSON with 200"),
        pytest.param({"body": b""}, id="empty body"),
        pytest.param({"body": PAGE, "length": 500}, id="short body"),
        pytest.param({"body": PAGE, "wire": cut_off, "length": 400}, id="cut off"),
        pytest.param({"body": PAGE, "wire": reset}, id="connection reset"),
        pytest.param(
            {"body": PAGE, "wire": chunked_cut_off, "headers": {"Transfer-Encoding": "chunked"}},
            id="chunked and cut off",
        ),
        pytest.param({"body": b"x", "headers": {"Content-Encoding": "gzip"}}, id="broken gzip"),
    ],
)
def test_a_page_that_is_not_whole_is_fetched_again(vendor, connect, broken) -> None:
    vendor.script(vendor.reply(**broken), PAGE)
    assert records(connect()) == (b'{"id": "1"}',)
    assert len(vendor.requests) == 2


def test_silence_ends_at_the_timeout_and_is_tried_again(vendor, connect) -> None:
    def stall(handler, payload) -> None:
        time.sleep(0.5)
        handler.close_connection = True

    vendor.script(vendor.reply(PAGE, wire=stall), PAGE)
    assert records(connect(limits=Limits(attempts=2, silence_seconds=0.1))) == (b'{"id": "1"}',)


def test_a_slow_drip_ends_at_the_deadline(vendor) -> None:
    def drip(handler, payload) -> None:
        for byte in payload * 20:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.02)

    vendor.script(vendor.reply(PAGE, wire=drip, length=36 * 20))
    connection = SourceConnection("hubspot_default", vendor.url, password=TOKEN)
    limits = Limits(attempts=1, silence_seconds=5, answer_seconds=0.3)
    started = time.monotonic()
    with Client(connection, SOURCES["hubspot"], limits=limits) as client:
        assert "did not end in time" in str(failure(client))
    assert time.monotonic() - started < 2


# --- refused ------------------------------------------------------------------------------------------


def test_a_login_page_is_not_a_page(vendor, connect) -> None:
    vendor.script(vendor.reply(b"<html>Sign in</html>", content_type="text/html; charset=utf-8"))
    text = str(failure(connect()))
    assert "text/html" in text
    assert "instead of JSON" in text
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "case",
    [
        ("hubspot", {"status": "error", "message": "expired", "correlationId": "c"}, "expired"),
        ("zendesk", {"error": "RecordNotFound", "description": "Not found"}, "RecordNotFound Not found"),
        ("zendesk", {"error": {"title": "Forbidden", "message": "no access"}}, "no access"),
        ("zendesk", {"errors": [{"code": "x", "title": "Bad cursor"}]}, "Bad cursor"),
        ("qualtrics", {"meta": {"error": {"errorMessage": "Bad survey", "errorCode": "Q"}}}, "Bad survey"),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_vendors_own_error_is_passed_on(vendor, connect, case, status) -> None:
    source_name, answer, said = case
    vendor.script(vendor.reply(answer, status))
    with pytest.raises(SourceError, match=said):
        connect(SOURCES[source_name]).get("/x", records=("results",))
    assert len(vendor.requests) == 1


def test_an_answer_without_its_records_is_refused(vendor, connect) -> None:
    vendor.script({"items": []})
    assert "without results" in str(failure(connect()))


def test_a_wrong_token_says_where_to_put_the_right_one(vendor, connect) -> None:
    vendor.script(vendor.reply({"status": "error", "message": f"bad token {TOKEN}"}, 401))
    error = failure(connect())
    assert isinstance(error, SourceUnavailableError)
    assert PATH in str(error)
    assert "bad token ***" in str(error)
    assert "AIRFLOW_CONN_HUBSPOT_DEFAULT" in error.remedy
    assert len(vendor.requests) == 1


def test_a_missing_right_is_named_with_its_path(vendor, connect) -> None:
    vendor.script(vendor.reply({}, 403))
    error = failure(connect())
    assert isinstance(error, RefusedError)
    assert not isinstance(error, SourceUnavailableError)
    assert PATH in str(error)
    assert "right to read" in error.remedy


def test_a_message_cannot_forge_a_log_line(vendor, connect) -> None:
    vendor.script(vendor.reply({"status": "error", "message": "a\r\nINFO ok\x1b[31m"}, 400))
    assert "a INFO ok [31m" in str(failure(connect()))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_and_the_other_host_sees_nothing(vendor, connect, status) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.2)
        host = f"127.0.0.1:{other.getsockname()[1]}"
        location = f"http://user:{TOKEN}@{host}/crm?token={TOKEN}"
        vendor.script(vendor.reply(b"", status, {"Location": location}))
        assert f"redirect to {host}" in str(failure(connect()))
        with pytest.raises(TimeoutError):
            other.accept()
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "http://127.0.0.1:99999",
        "http://",
        "no-scheme",
        "ftp://x",
        "http://a..b.invalid",
    ],
)
def test_a_host_that_does_not_answer_is_named(connect, url) -> None:
    error = failure(connect(url=url))
    assert isinstance(error, SourceUnavailableError)
    assert "AIRFLOW_CONN_HUBSPOT_DEFAULT" in error.remedy


def test_a_body_beyond_the_limit_is_not_read_to_its_end(vendor, connect) -> None:
    vendor.script(vendor.reply(b'{"x":"' + b"a" * 2_000_000 + b'"}'))
    assert "more than 1,000,000 bytes" in str(failure(connect(limits=Limits(answer_bytes=1_000_000))))


def test_a_gzip_bomb_is_not_unpacked_whole(vendor, connect) -> None:
    deflate = zlib.compressobj(9, wbits=31)
    bomb = b"".join(deflate.compress(b" " * 2**20) for _ in range(200)) + deflate.flush()
    assert len(bomb) < 2**18
    vendor.script(vendor.reply(bomb, headers={"Content-Encoding": "gzip"}))
    assert "more than 1,000,000 bytes" in str(failure(connect(limits=Limits(answer_bytes=1_000_000))))


# --- said and shown -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    [
        ("hubspot", "", "Authorization", f"Bearer {TOKEN}"),
        ("zendesk", "", "Authorization", f"Bearer {TOKEN}"),
        # base64 of "a@b.example/token:s3cret-token"
        ("zendesk", "a@b.example", "Authorization", "Basic YUBiLmV4YW1wbGUvdG9rZW46czNjcmV0LXRva2Vu"),
        ("qualtrics", "", "X-API-TOKEN", TOKEN),
    ],
)
def test_each_vendor_is_shown_the_proof_it_asks_for(vendor, connect, case) -> None:
    source_name, login, header, value = case
    connect(SOURCES[source_name], login=login).get("/x")
    headers = {name.lower(): value for name, value in vendor.requests[0].headers.items()}
    assert headers[header.lower()] == value


def test_a_netrc_entry_does_not_replace_our_token(vendor, connect, monkeypatch, tmp_path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client = connect()
    client._session.trust_env = True  # as it is for a host that is not this machine
    client.get("/x")
    assert vendor.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_proxy_is_not_asked_for_a_server_on_this_machine(vendor, connect, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    connect().get("/x")
    assert len(vendor.requests) == 1


def test_no_log_line_holds_the_token(vendor, connect, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.script(vendor.reply({"status": "error", "message": TOKEN}, 503), PAGE)
    records(connect())
    assert "HTTP 503 It said: ***" in caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(connect().connection)


def test_an_echoed_header_is_masked_too(vendor, connect) -> None:
    vendor.handler = lambda request: vendor.reply({"error": f"bad {request.headers['Authorization']}"}, 400)
    with pytest.raises(SourceError, match=r"bad Basic \*\*\*"):
        connect(SOURCES["zendesk"], login="a@b.example").get("/x")


def test_a_download_is_whole_and_stands_at_its_start(vendor, connect) -> None:
    content = bytes(range(256)) * 4000
    vendor.script(
        vendor.reply(content, length=len(content) + 1),
        vendor.reply(content, content_type="application/zip"),
    )
    with connect().download("/file") as file:
        assert file.read() == content
    assert len(vendor.requests) == 2
