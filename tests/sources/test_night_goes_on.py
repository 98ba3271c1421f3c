"""Whatever keeps one source from being read: one line that says what to do, and the others' night goes on."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial

import pytest

from valuegap import nightly, warehouse
from valuegap.demo.faults import ArmedFault
from valuegap.demo.mutation_log import Mutation, Op, company_of
from valuegap.demo.server import UNLIMITED, DemoServer, serve
from valuegap.demo.tokens import demo_connections
from valuegap.errors import ConfigurationError, SourceError
from valuegap.landing import Landing
from valuegap.night import Night
from valuegap.settings import Settings
from valuegap.sources import extract as extract_module
from valuegap.sources.client import Client, Limits

NIGHT = Night(date(2026, 1, 31))
SECRETS = ("demo-zendesk-token", "wrong-s3cret", "client-s3cret", "refresh-s3cret", "given-s3cret")


CONTACT = {
    "id": "1",
    "properties": {"email": "a@b.example", "lastmodifieddate": "2026-01-02T00:00:00Z", "hs_object_id": "1"},
    "createdAt": "2026-01-02T00:00:00Z",
    "updatedAt": "2026-01-02T00:00:00Z",
    "archived": False,
}
TICKET = {
    "id": 1,
    "status": "open",
    "created_at": "2026-01-02T00:00:00Z",
    "updated_at": "2026-01-02T00:00:00Z",
    "generated_timestamp": int(datetime(2026, 1, 2, tzinfo=UTC).timestamp()),
}
SURVEY = {"id": "SV_1", "name": "Relationship", "isActive": True, "lastModified": "2026-01-02T00:00:00Z"}


def created(vendor: str, stream: str, record: dict) -> Mutation:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    return Mutation(at, at, vendor, stream, str(record["id"]), Op.CREATE, record)


@pytest.fixture
def server() -> Iterator[DemoServer]:
    company = company_of(
        [
            created("hubspot", "contacts", CONTACT),
            created("zendesk", "tickets", TICKET),
            created("qualtrics", "surveys", SURVEY),
        ]
    )
    with serve(company, as_of=NIGHT.as_of_date, speed=UNLIMITED) as running:
        yield running


@pytest.fixture
def ingest(server, tmp_path, monkeypatch):
    """Runs the night's ingest of HubSpot, which is in trouble, and Qualtrics, which is not."""
    limits = Limits(attempts=2, connect_seconds=1, silence_seconds=5)
    quick = partial(Client, sleep=lambda _seconds: None, limits=limits)
    monkeypatch.setattr(extract_module, "Client", quick)

    def run(hubspot: dict | None = None, sources: str = "hubspot,qualtrics") -> tuple[Settings, list[str]]:
        environment = {
            **demo_connections(server.base_url),
            "VALUEGAP_DATA_DIR": str(tmp_path / "data"),
            "VALUEGAP_SOURCES": sources,
        }
        if hubspot is not None:
            environment["AIRFLOW_CONN_HUBSPOT_DEFAULT"] = json.dumps(hubspot) if hubspot else ""
        settings, lines = Settings.from_environment(environment), []
        nightly.ingest_all(settings, NIGHT, lines.append)
        return settings, lines

    return run


def loaded_rows(settings: Settings, table: str) -> int:
    with warehouse.read_only(settings) as connection:
        (rows,) = connection.execute(f"select count(*) from {table}").fetchone()
    return rows


def the_line(settings: Settings, lines: list[str]) -> str:
    """The one line about HubSpot; Qualtrics is loaded and says nothing of trouble."""
    (line,) = [line for line in lines if "NOT READ TONIGHT" in line]
    assert line.startswith("hubspot: ")
    assert "hubspot_default" in line
    assert "AIRFLOW_CONN_HUBSPOT_DEFAULT" in line
    assert "\n" not in line
    assert not any(secret in each for secret in SECRETS for each in lines)
    assert loaded_rows(settings, "raw_qualtrics.surveys") == 1
    return line


def connection(server: DemoServer, **parts) -> dict:
    return {"conn_type": "http", "host": f"{server.base_url}/hubspot", **parts}


def test_bad_credentials(server, ingest) -> None:
    line = the_line(*ingest(connection(server, password="wrong-s3cret")))
    assert "hubspot_default contacts: the vendor refused our credentials" in line
    assert "(HTTP 401)" in line
    assert "Put valid ones into AIRFLOW_CONN_HUBSPOT_DEFAULT, and run the night again." in line


def test_an_unreachable_host(server, ingest) -> None:
    line = the_line(*ingest({**connection(server), "host": "http://127.0.0.1:1/hubspot"}))
    assert "hubspot_default contacts: 127.0.0.1:1 does not answer" in line
    assert "Check the network and the host" in line


def test_an_expired_token_that_cannot_be_renewed(vendor, server, ingest) -> None:
    refused = vendor.reply(
        {"status": "BAD_REFRESH_TOKEN", "message": "refresh-s3cret is no more", "correlationId": "c"}, 400
    )
    replies = [
        {"access_token": "given-s3cret", "expires_in": 1800},
        vendor.reply({"status": "error", "message": "The OAuth token expired"}, 401),
        refused,
    ]
    vendor.script(*replies)
    oauth = {"client_id": "app", "client_secret": "client-s3cret", "refresh_token": "refresh-s3cret"}
    line = the_line(*ingest({**connection(server), "host": vendor.url, "extra": oauth}))
    assert re.search(r"hubspot_default contacts: POST /oauth/v1/token was refused \(HTTP 400\)", line)
    assert "Check the client's id, its secret and the refresh token" in line
    assert len(vendor.requests) == 3


def test_a_plan_without_the_endpoint(server, ingest) -> None:
    server.faults.arm(ArmedFault("firewall_403", "hubspot", "/owners", times=99))
    settings, lines = ingest()
    line = the_line(settings, lines)
    assert "hubspot_default owners: GET /crm/v3/owners was refused (HTTP 403)" in line
    assert "the right to read this, or the account a plan that has it" in line
    assert loaded_rows(settings, "raw_hubspot.contacts") == 1


def test_a_firewall_says_nothing_of_the_plan(server, ingest) -> None:
    server.faults.arm(ArmedFault("firewall_403", "zendesk", "satisfaction_ratings", times=99))
    settings, lines = ingest(sources="zendesk,qualtrics")
    (line,) = [line for line in lines if "NOT READ TONIGHT" in line]
    assert "zendesk_default satisfaction_ratings" in line
    assert loaded_rows(settings, "raw_qualtrics.surveys") == 1
    assert not any("not on this plan" in line for line in lines)


def test_a_plan_without_a_stream_that_not_every_plan_has(server, ingest) -> None:
    server.faults.arm(ArmedFault("zendesk_plan_gate", "zendesk", "satisfaction_ratings", times=99))
    settings, lines = ingest(sources="zendesk")
    (line,) = [line for line in lines if "not on this plan" in line]
    assert line.startswith("zendesk satisfaction_ratings: passed over, not on this plan.")
    assert not any("NOT READ" in line for line in lines)
    manifest = Landing(settings.landing_dir).manifest("zendesk", "satisfaction_ratings", NIGHT.run_id)
    assert manifest.note == "not on this plan"
    assert loaded_rows(settings, "raw_zendesk.tickets") == 1


def test_a_login_page_with_status_200(server, ingest) -> None:
    server.faults.arm(ArmedFault("html_200", "hubspot", "/owners"))
    settings, lines = ingest()
    line = the_line(settings, lines)
    assert "hubspot_default owners: " in line
    assert "answered text/html" in line
    assert "check the host in AIRFLOW_CONN_HUBSPOT_DEFAULT" in line
    assert loaded_rows(settings, "raw_hubspot.contacts") == 1


def test_a_connection_that_is_not_set(server, ingest) -> None:
    line = the_line(*ingest({}))
    assert "Connection hubspot_default is not set." in line


def test_a_night_without_any_source_is_no_night(server, ingest) -> None:
    with pytest.raises(SourceError, match="our credentials"):
        ingest(connection(server, password="wrong-s3cret"), sources="hubspot")
    with pytest.raises(ConfigurationError, match="not set"):
        ingest({}, sources="hubspot")


def test_a_night_says_its_requests_against_the_fewest_possible(server, ingest) -> None:
    _, lines = ingest()
    summaries = [line for line in lines if "fewest possible" in line]
    assert len(summaries) == 2
    sent = server.journal.answers.total()
    assert sum(int(re.search(r"; ([\d,]+) requests", line)[1].replace(",", "")) for line in summaries) == sent
    for line in summaries:
        requests, fewest = (
            int(number.replace(",", ""))
            for number in re.search(r"([\d,]+) requests, fewest possible ([\d,]+)", line).groups()
        )
        assert 0 < fewest <= requests


def test_a_record_nested_beyond_every_parser_is_landed_and_set_aside(vendor, server, ingest) -> None:
    deep = b'{"id":' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}"
    owners = b'{"results":[{"id":"1","updatedAt":"2026-01-01T00:00:00Z"},' + deep + b"]}"
    empty = {"results": [], "total": 0}
    vendor.handler = lambda request: vendor.reply(owners) if request.path == "/crm/v3/owners" else empty
    settings, lines = ingest({**connection(server, password="x"), "host": vendor.url})
    assert not any("NOT READ" in line for line in lines)
    with warehouse.read_only(settings) as connection_:
        found = connection_.execute("select stream, reason from ops.quarantine where source = 'hubspot'")
        assert {stream for stream, _ in found.fetchall()} == {"owners"}
    assert loaded_rows(settings, "raw_hubspot.owners") == 2  # once a list: active and archived
