import json
import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta

import pytest
import requests

from valuegap.demo.faults import ArmedFault
from valuegap.demo.server import DEMO_TOKENS, demo_connections, demo_server
from valuegap.errors import ConfigurationError
from valuegap.settings import Settings

OWNERS = "/crm/v3/owners"


@pytest.fixture
def server(served, company_of, versions):
    owners = versions(
        [{"id": n, "updated_at": f"2026-01-{n:02d}", "visible_at": f"2026-01-{n:02d}"} for n in range(1, 32)]
        + [{"id": 77, "updated_at": "2026-02-01T12:00"}],
        lambda row: {"id": str(row.id), "archived": False},
    )
    return served(company_of(hubspot={"owners": owners}))


def test_connections_are_what_the_settings_read(server):
    settings = Settings.from_environment(demo_connections(server.base_url))
    hubspot = settings.connection("hubspot_default")
    assert (hubspot.base_url, hubspot.password) == (f"{server.base_url}/hubspot", DEMO_TOKENS.hubspot)
    zendesk = settings.connection("zendesk_default")
    assert (zendesk.login, zendesk.password) == (DEMO_TOKENS.zendesk_email, DEMO_TOKENS.zendesk)
    assert settings.connection("qualtrics_default").base_url == f"{server.base_url}/qualtrics"


def test_tokens_are_in_no_repr():
    for token in ("demo-hubspot-token", "demo-zendesk-token", "demo-qualtrics-token", "demo-admin-token"):
        assert token in json.dumps(list(demo_connections("").values())) or token == DEMO_TOKENS.admin
        assert token not in repr(DEMO_TOKENS)


def test_clock_moves_by_the_day_and_only_for_the_admin(server, call):
    hubspot, admin = call(server, "hubspot"), call(server, "admin")
    assert len(hubspot.get(OWNERS).json()["results"]) == 31
    for headers in ({}, {"Authorization": f"Bearer {DEMO_TOKENS.hubspot}"}):
        assert call(server, "admin", headers).post("/clock", {"as_of": "2026-02-01"}).status_code == 401
        assert call(server, "admin", headers).get("/journal").status_code == 401
    assert admin.post("/clock", {"as_of": "2026-02-01"}).json() == {"now": "2026-02-02T00:05:00+00:00"}
    assert len(hubspot.get(OWNERS).json()["results"]) == 32
    admin.post("/clock", {"as_of": "2026-01-10"})
    assert len(hubspot.get(OWNERS).json()["results"]) == 11  # the eleventh is visible at midnight
    for nonsense in ({"as_of": "tomorrow"}, {}, []):
        assert admin.post("/clock", nonsense).status_code == 400


def test_a_ticking_clock_moves_with_every_request(server, call):
    hubspot = call(server, "hubspot")
    dates = [hubspot.get(OWNERS).headers["Date"] for _ in range(2)]
    assert dates == ["Sun, 01 Feb 2026 00:05:00 GMT"] * 2
    server.clock.tick = timedelta(hours=6)
    answers = [hubspot.get(OWNERS) for _ in range(2)]
    assert [answer.headers["Date"][17:25] for answer in answers] == ["06:05:00", "12:05:00"]
    assert [len(answer.json()["results"]) for answer in answers] == [31, 32]


def test_journal_counts_requests_a_vendor_endpoint_and_status(server, call):
    hubspot = call(server, "hubspot")
    for _ in range(3):
        hubspot.get(OWNERS)
    hubspot.get("/nothing/here")
    call(server, "hubspot", {}).get(OWNERS)
    journal = call(server, "admin").get("/journal").json()
    assert journal["hubspot"] == {
        "requests": 5,
        "statuses": {"200": 3, "404": 1, "401": 1},
        "endpoints": {"GET /crm/v3/owners": 4, "* /{path:path}": 1},
        "faults": {},
    }
    assert journal["zendesk"]["requests"] == 0


def test_faults_spare_other_vendors_and_wrong_tokens(server, call):
    server.faults.arm(ArmedFault("server_error_503", "zendesk"))
    assert call(server, "hubspot").get(OWNERS).status_code == 200
    assert call(server, "zendesk", {}).get("/api/v2/incremental/users.json").status_code == 401
    assert server.faults.counts.total() == 0


def test_faults_are_armed_over_http_too(server, call):
    admin, hubspot = call(server, "admin"), call(server, "hubspot")
    assert call(server, "admin", {}).post("/faults", []).status_code == 401
    assert admin.post("/faults", [{"name": "no_such", "vendor": "hubspot"}]).status_code == 400
    assert admin.post("/faults", [{"name": "html_200", "vendor": "hubspot", "times": 2}]).status_code == 200
    assert hubspot.get(OWNERS).headers["Content-Type"].startswith("text/html")
    admin.session.delete(f"{server.base_url}/admin/faults", timeout=30)
    assert hubspot.get(OWNERS).json()["results"]


def test_a_taken_port_says_what_to_do(server, company_of):
    with pytest.raises(ConfigurationError, match=f"{server.port}.*--port"):
        demo_server(company_of(), as_of=date(2026, 1, 31), port=server.port)


def _start(command, port_file):
    process = subprocess.Popen(
        [sys.executable, "-c", command],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not port_file.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def test_served_demo_writes_its_port_answers_and_ends_cleanly(shared_data, tmp_path):
    port_file = tmp_path / "run" / "port"
    command = (
        "from datetime import date; from pathlib import Path; from valuegap.demo.server import serve_demo;"
        f"serve_demo(as_of=date(2014, 1, 31), data=Path({str(shared_data)!r}), port_file=Path({str(port_file)!r}))"
    )
    process = _start(command, port_file)
    try:
        answer = requests.get(
            f"http://127.0.0.1:{int(port_file.read_text())}/hubspot/crm/v3/objects/deals",
            headers={"Authorization": f"Bearer {DEMO_TOKENS.hubspot}"},
            timeout=30,
        )
        assert len(answer.json()["results"]) == 10
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == b""
        assert not port_file.exists()
    finally:
        process.kill()
        process.stderr.close()


def test_served_demo_that_is_stopped_at_once_stops(shared_data, tmp_path):
    port_file = tmp_path / "port"
    command = (
        "from datetime import date; from pathlib import Path; from valuegap.demo.server import serve_demo;"
        f"serve_demo(as_of=date(2014, 1, 31), data=Path({str(shared_data)!r}), port_file=Path({str(port_file)!r}))"
    )
    process = _start(command, port_file)
    process.terminate()
    assert process.wait(timeout=30) == 0
    process.stderr.close()
