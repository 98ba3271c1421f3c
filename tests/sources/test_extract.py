"""Whole nights of extraction from the demo company, whose vendors speak real HTTP and misbehave on demand."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from valuegap.demo.company import generate_company
from valuegap.demo.faults import ArmedFault
from valuegap.demo.server import UNLIMITED, DemoServer, serve
from valuegap.demo.tokens import demo_connections
from valuegap.errors import SourceError
from valuegap.landing import Landing
from valuegap.night import Night
from valuegap.settings import Settings
from valuegap.sources import extract as extract_module
from valuegap.sources.client import Client
from valuegap.sources.connection import SourceConnection
from valuegap.sources.extract import LandedStream, extract_source
from valuegap.sources.registry import SOURCES

FIRST = date(2026, 1, 31)
NIGHTS = [Night(FIRST + timedelta(days=number)) for number in range(6)]
# Salesforce words a record one way in REST and another in Bulk: its own tests compare what they mean.
VENDORS = [name for name in SOURCES if name != "salesforce"]
STREAMS = [(name, stream) for name in VENDORS for stream in SOURCES[name].streams]
# An association disappears with the object at its other end, which changes neither its own object nor the
# time of it: it is seen when its object changes next, or at the next census. A census is weekly, and so is the
# list of a directory.
WINDOWED = [
    (name, stream)
    for name, stream in STREAMS
    if stream.record_id != ("from_id",) and not stream.name.endswith(("_ids", "directory_contacts"))
]


@pytest.fixture(scope="module")
def company():
    return generate_company(seed=11, size="S", nights=len(NIGHTS))


@pytest.fixture
def server(company) -> Iterator[DemoServer]:
    with serve(company, as_of=FIRST, speed=UNLIMITED) as running:
        yield running


def connection(server: DemoServer, source_name: str) -> SourceConnection:
    settings = Settings.from_environment(demo_connections(server.base_url))
    return settings.connection(SOURCES[source_name].connection_id)


def extract(server, source_name, night, root, **options):
    landing = Landing(root, clock=lambda: datetime(2026, 2, 1, tzinfo=UTC))
    to = connection(server, source_name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extract_module, "Client", partial(Client, sleep=lambda _seconds: None))
        return extract_source(SOURCES[source_name], to, night, landing, **{"cursors": {}, **options})


def cursors_after(landed: tuple[LandedStream, ...]) -> dict[str, str | None]:
    return {stream.stream: stream.manifest.cursor_after for stream in landed}


def landed_files(root: Path) -> dict[str, bytes]:
    names = (file for file in sorted(root.rglob("*")) if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(root)): file.read_bytes() for file in names}


def last_versions(root: Path, source_name: str, stream) -> dict[tuple, bytes]:
    """The last landed text of each record of a stream, over all its nights."""
    landing, found = Landing(root), {}
    paths = {field.column: field.path.removeprefix("$.").split(".") for field in stream.fields}
    for manifest in landing.manifests(source_name, stream.name):
        for page in manifest.pages:
            for text in landing.read_page(manifest, page):
                key = []
                for column in stream.record_id:
                    value = page.context.get(column) or json.loads(text)
                    for step in paths.get(column, ()):
                        value = value[step]
                    key.append(str(value))
                found[tuple(key)] = text
    return found


@pytest.fixture(scope="module")
def nights(company, tmp_path_factory) -> Path:
    """Six nights landed one after the other, and in `full` the sixth from nothing."""
    root = tmp_path_factory.mktemp("landing")
    with serve(company, as_of=FIRST, speed=UNLIMITED) as server:
        for name in VENDORS:
            cursors = {}
            for night in NIGHTS:
                server.clock.move_to(night.as_of_date)
                cursors = cursors_after(extract(server, name, night, root / "nightly", cursors=cursors))
            extract(server, name, NIGHTS[-1], root / "full")
    return root


@pytest.mark.parametrize(
    ("source_name", "stream"), WINDOWED, ids=[f"{name}-{stream.name}" for name, stream in WINDOWED]
)
def test_night_after_night_knows_what_one_look_at_everything_knows(nights, source_name, stream) -> None:
    full = last_versions(nights / "full", source_name, stream)
    nightly = last_versions(nights / "nightly", source_name, stream)
    assert full or stream.name == "deleted_tickets"
    assert {key: nightly.get(key) for key in full} == full


def test_later_nights_ask_for_what_changed(nights) -> None:
    landing = Landing(nights / "nightly")
    for name, stream in (("hubspot", "deals"), ("zendesk", "tickets"), ("qualtrics", "responses")):
        first, *later = [manifest.rows for manifest in landing.manifests(name, stream)]
        assert 0 < max(later) < first / 20


def test_every_object_landed_in_a_night_has_its_associations_that_night(nights) -> None:
    landing = Landing(nights / "nightly")
    for night in NIGHTS:
        records = landing.records(landing.manifest("hubspot", "deals", night.run_id))
        deals = {record["id"] for record in map(json.loads, records) if not record["archived"]}
        records = landing.records(landing.manifest("hubspot", "deal_contacts", night.run_id))
        assert {record["from"]["id"] for record in map(json.loads, records)} == deals


@pytest.mark.parametrize("source_name", VENDORS)
def test_a_night_of_faults_lands_the_same_bytes(server, tmp_path, source_name) -> None:
    undisturbed = extract(server, source_name, NIGHTS[0], tmp_path / "undisturbed")
    waited_out = ["connection_reset", "rate_limit_429", "server_error_503", "truncated_json"]
    for skip, fault in enumerate(waited_out):
        server.faults.arm(ArmedFault(fault, source_name, skip=skip, times=2))
    disturbed = extract(server, source_name, NIGHTS[0], tmp_path / "disturbed")
    assert {fault for name, fault in server.faults.counts if name == source_name} == set(waited_out)
    assert landed_files(tmp_path / "disturbed") == landed_files(tmp_path / "undisturbed")
    assert [stream.rows for stream in disturbed] == [stream.rows for stream in undisturbed]


def test_a_login_page_in_the_night_stops_its_stream_and_no_other(server, tmp_path) -> None:
    server.faults.arm(ArmedFault("html_200", "zendesk", "organizations"))
    with pytest.raises(SourceError, match=r"organizations.* instead of JSON"):
        extract(server, "zendesk", NIGHTS[0], tmp_path)
    landing = Landing(tmp_path)
    landed = [
        stream.name for stream in SOURCES["zendesk"].streams if any(landing.manifests("zendesk", stream.name))
    ]
    assert "organizations" not in landed
    assert {"users", "tickets", "ticket_events"} < set(landed)


def test_a_failed_stream_does_not_keep_the_others_and_a_re_run_goes_on(server, tmp_path) -> None:
    server.faults.arm(ArmedFault("html_200", "hubspot", "contacts/search"))
    lines: list[str] = []
    with pytest.raises(SourceError) as caught:
        extract(server, "hubspot", NIGHTS[0], tmp_path, progress=lines.append)
    assert "contacts/search" in str(caught.value)
    assert any("deals" in line and "records landed" in line for line in lines)
    before = server.journal.answers.total()
    landed = extract(server, "hubspot", NIGHTS[0], tmp_path)
    assert "contacts" in [stream.stream for stream in landed if not stream.is_reused]
    assert server.journal.answers.total() - before < 20


def test_a_re_run_asks_the_vendor_nothing(server, tmp_path) -> None:
    first = extract(server, "qualtrics", NIGHTS[0], tmp_path)
    before = server.journal.answers.total(), landed_files(tmp_path)
    lines: list[str] = []
    again = extract(server, "qualtrics", NIGHTS[0], tmp_path, progress=lines.append)
    assert (server.journal.answers.total(), landed_files(tmp_path)) == before
    assert [stream.manifest for stream in again] == [stream.manifest for stream in first]
    assert all(stream.is_reused for stream in again)
    assert lines[0] == f"qualtrics surveys: {first[0].rows} records were landed already"


@pytest.mark.parametrize("source_name", list(SOURCES))
def test_a_wrong_token_stops_at_the_first_stream(server, tmp_path, source_name) -> None:
    right = connection(server, source_name)
    wrong = SourceConnection(right.connection_id, right.base_url, right.login, "not-the-token", right.extra)
    with pytest.raises(SourceError) as caught:
        extract_source(SOURCES[source_name], wrong, NIGHTS[0], Landing(tmp_path), {})
    assert f"AIRFLOW_CONN_{source_name.upper()}_DEFAULT" in str(caught.value)
    assert "not-the-token" not in str(caught.value)
    assert server.journal.answers.total() == 1


def test_no_token_reaches_the_landing_zone(nights) -> None:
    tokens = [b"demo-hubspot-token", b"demo-zendesk-token", b"demo-qualtrics-token"]
    manifests = [content for name, content in landed_files(nights).items() if name.endswith("manifest.json")]
    assert manifests
    assert not any(token in content for token in tokens for content in manifests)
