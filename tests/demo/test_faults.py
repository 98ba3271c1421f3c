import json
import re
import socket
from pathlib import Path

import pytest
import requests
import urllib3

from valuegap.demo.faults import BEHAVIOURS, FAULTS, ArmedFault, Outcome
from valuegap.demo.tokens import DEMO_TOKENS

OWNERS = "/crm/v3/owners"
CONTACTS = "/crm/v3/objects/contacts"
FAULT_TABLE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"


@pytest.fixture
def server(served, company_of, versions):
    def record(row):
        stamp = "2026-01-01T00:00:00Z"
        return {
            "id": str(row.id),
            "properties": {},
            "createdAt": stamp,
            "updatedAt": stamp,
            "archived": False,
        }

    rows = versions([{"id": n, "updated_at": "2026-01-01"} for n in range(1, 32)], record)
    return served(company_of(hubspot={"owners": rows, "contacts": rows}))


def _ids(answer):
    return [int(record["id"]) for record in answer.json()["results"]]


def _is_429(answer, retry_after):
    said = answer().json()
    return (
        answer().status_code == 429
        and said["errorType"] == "RATE_LIMIT"
        and answer().headers.get("Retry-After") == retry_after
    )


def _is_error(answer, status):
    return answer().status_code == status and answer().json()["status"] == "error"


def _is_page(answer, status):
    is_html = answer().headers["Content-Type"].startswith("text/html")
    return answer().status_code == status and is_html and b"<html>" in answer().content


def _is_no_json(answer):
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting|Extra"):
        json.loads(answer().content)
    return answer().status_code == 200 and "json" in answer().headers["Content-Type"]


def _fails(answer, *words):
    errors = (
        requests.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        urllib3.exceptions.HTTPError,
    )
    with pytest.raises((*errors, requests.exceptions.ContentDecodingError)) as failure:
        answer()
    return any(word in str(failure.value).lower() for word in words)


def _is_whole(answer, *, start=b"{", media_type="application/json"):
    return (
        _ids(answer()) == list(range(1, 32))
        and answer().content.startswith(start)
        and answer().headers["Content-Type"] == media_type
    )


def _unpacks_to(answer, most):
    packed = int(answer().headers["Content-Length"])
    return packed < most and answer().headers["Content-Encoding"] == "gzip"


SHOWS = {
    "rate_limit_429": lambda answer: _is_429(answer, "1"),
    "rate_limit_429_date": lambda answer: _is_429(answer, "Sun, 01 Feb 2026 00:05:01 GMT"),
    "rate_limit_429_bare": lambda answer: _is_429(answer, None),
    "request_timeout_408": lambda answer: answer().status_code == 408,
    "server_error_500": lambda answer: _is_error(answer, 500),
    "server_error_502": lambda answer: _is_error(answer, 502),
    "server_error_503": lambda answer: _is_error(answer, 503),
    "gateway_page_502": lambda answer: _is_page(answer, 502),
    "timeout_524": lambda answer: _is_page(answer, 524),
    "connection_reset": lambda answer: _fails(answer, "reset"),
    "connection_closed": lambda answer: _fails(answer, "incomplete", "broken"),
    "empty_body_200": lambda answer: answer().status_code == 200 and answer().content == b"",
    "truncated_json": _is_no_json,
    "text_after_json": _is_no_json,
    "slow_drip": _is_whole,
    "stall": lambda answer: _fails(answer, "timed out"),
    "corrupted_gzip": lambda answer: _fails(answer, "gzip", "decompress"),
    "gzipped": lambda answer: _is_whole(answer) and answer().headers["Content-Encoding"] == "gzip",
    "byte_order_mark": lambda answer: json.loads(answer().content.decode("utf-8-sig"))["results"],
    "padded_json": lambda answer: _is_whole(answer, start=b"\r\n"),
    "odd_charset": lambda answer: _is_whole(answer, media_type="text/json; charset=ISO-8859-1"),
    "unknown_fields": lambda answer: "x_trace" in answer().json(),
    "clock_ahead": lambda answer: answer().headers["Date"] == "Sun, 01 Feb 2026 00:06:30 GMT",
    "clock_behind": lambda answer: answer().headers["Date"] == "Sun, 01 Feb 2026 00:03:30 GMT",
    "indented_json": lambda answer: _is_whole(answer) and answer().content.count(b"\n") > 31,
    "duplicate_record": lambda answer: _ids(answer()) == [*range(1, 32), 31],
    "html_200": lambda answer: _is_page(answer, 200),
    "error_200": lambda answer: _is_error(answer, 200),
    "firewall_403": lambda answer: _is_page(answer, 403),
    "unauthorized_401": lambda answer: _is_error(answer, 401),
    "redirect_302": lambda answer: answer().headers["Location"].startswith("http://elsewhere.invalid"),
    "gzip_bomb": lambda answer: _unpacks_to(answer, 10**6),
}


@pytest.mark.parametrize("name", SHOWS)
def test_a_fault_happens_as_often_as_armed_where_armed_and_is_counted(server, call, name):
    hubspot = call(server, "hubspot")
    server.faults.arm(ArmedFault(name, "hubspot", path="/owners", skip=1, times=4))
    assert hubspot.get("/crm/v3/properties/deals").json()["results"]
    assert _ids(hubspot.get(OWNERS)) == list(range(1, 32))

    def answer():
        return hubspot.session.get(
            hubspot.base_url + OWNERS,
            timeout=0.5 if name == "stall" else 30,
            allow_redirects=False,
            stream=name == "gzip_bomb",
        )

    assert SHOWS[name](answer)
    while server.faults.counts["hubspot", name] < 4:
        try:
            answer()
        except requests.RequestException:
            continue
    assert _ids(hubspot.get(OWNERS)) == list(range(1, 32))
    journal = call(server, "admin").get("/journal").json()
    assert journal["hubspot"]["faults"] == {name: 4}
    assert journal["zendesk"]["faults"] == {}


def test_every_fault_of_one_answer_is_shown_above():
    of_a_page = {"short_page", "empty_page", "repeated_page", "cursor_backwards"}
    assert set(SHOWS) == set(FAULTS) - of_a_page


def _page(answer):
    return _ids(answer), answer.json().get("paging", {}).get("next", {}).get("after")


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("short_page", ([1, 2, 3, 4, 5], "5"), ([11, 12, 13, 14, 15], "15")),
        ("empty_page", ([], "0"), ([], "10")),
        ("cursor_backwards", ([*range(1, 11)], "0"), ([*range(11, 21)], "10")),
    ],
)
def test_a_wrong_page_says_that_there_is_more(server, call, name, first, second):
    hubspot = call(server, "hubspot")
    server.faults.arm(ArmedFault(name, "hubspot", path=CONTACTS, times=2))
    assert _page(hubspot.get(CONTACTS, limit=10)) == first
    assert _page(hubspot.get(CONTACTS, limit=10, after=10)) == second
    assert _page(hubspot.get(CONTACTS, limit=10, after=20)) == ([*range(21, 31)], "30")
    assert server.faults.counts == {("hubspot", name): 2}


def test_a_repeated_page_is_the_one_before_and_never_stands_for_a_first_or_after_a_last(server, call):
    hubspot = call(server, "hubspot")
    server.faults.arm(ArmedFault("repeated_page", "hubspot", path=CONTACTS))
    assert _page(hubspot.get(CONTACTS, limit=30)) == ([*range(1, 31)], "30")
    assert _page(hubspot.get(CONTACTS, limit=30, after=30)) == ([*range(1, 31)], "30")
    server.faults.arm(ArmedFault("repeated_page", "hubspot", path=CONTACTS))
    for _ in range(2):
        assert _page(hubspot.get(CONTACTS, limit=100)) == ([*range(1, 32)], None)
    assert server.faults.counts["hubspot", "repeated_page"] == 1


def test_a_shorter_search_pages_on_from_its_end(server, call):
    server.faults.arm(ArmedFault("short_page", "hubspot", path="/search"))
    answer = call(server, "hubspot").post(f"{CONTACTS}/search", {"limit": 10}).json()
    assert (len(answer["results"]), answer["total"], answer["paging"]["next"]["after"]) == (5, 31, "5")


def test_what_does_not_fit_an_answer_waits_for_one_it_fits(server, call):
    hubspot = call(server, "hubspot")
    server.faults.arm(ArmedFault("empty_page", "hubspot"))
    assert len(_ids(hubspot.get(CONTACTS, limit=100))) == 31
    assert server.faults.counts.total() == 0
    assert _page(hubspot.get(CONTACTS, limit=10)) == ([], "0")


def test_a_stall_ends_when_the_caller_hangs_up(server):
    server.faults.arm(ArmedFault("stall", "hubspot"))
    with socket.create_connection(("127.0.0.1", server.port)) as caller:
        token = f"Authorization: Bearer {DEMO_TOKENS.hubspot}\r\n"
        caller.sendall(f"GET /hubspot{OWNERS} HTTP/1.1\r\nHost: demo\r\n{token}\r\n".encode())
        caller.settimeout(0.5)
        received = b""
        with pytest.raises(TimeoutError):
            while True:
                received += caller.recv(65536)
        length = int(re.search(rb"content-length: (\d+)", received.lower())[1])
        assert len(received.partition(b"\r\n\r\n")[2]) == length // 2


def test_the_table_of_faults_says_what_happens_to_each():
    told = dict(re.findall(r"(?m)^\| `(\w+)` \| [^|]+ \| ([^|]+?) \|", FAULT_TABLE.read_text()))
    assert set(told) == {*FAULTS, *BEHAVIOURS}
    for name, fault in FAULTS.items():
        assert told[name].startswith(TOLD[fault.outcome]), name


TOLD = {
    Outcome.SAME_BYTES: "Same bytes",
    Outcome.SAME_RECORDS: "Same records",
    Outcome.STOPS: "Stops",
}
