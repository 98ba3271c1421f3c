"""Time a ticket export from the vendor's page to the loaded row, at N pages and at eight times as many.

    .venv/bin/python -m tests.benchmarks.extraction [PAGES]

Pages of 1,000 tickets come from a server of canned answers in another process, so the CPU seconds are ours
alone: asking, cutting, landing, parsing, typing, and loading. Each run is a process of its own and measured
from outside, its start included.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks.measure import Run, measure

from valuegap.demo.night import FIRST_NIGHT
from valuegap.landing import Landing
from valuegap.loading import load_source
from valuegap.night import Night
from valuegap.settings import Settings
from valuegap.sources.connection import SourceConnection
from valuegap.sources.extract import extract_source
from valuegap.sources.registry import SOURCES

PAGES, TIMES = 125, 8
MEMORY_LIMIT = "256MB"  # of DuckDB, which would fill what it is given before it spills
PER_PAGE = 1000
BACKFILL_TICKETS = 1_000_000
EXPORTS_A_MINUTE = 10  # Zendesk's limit for incremental exports, without the High Volume add-on
TICKET = {
    "id": "%ID%",
    "url": "https://example.zendesk.com/api/v2/tickets/%ID%.json",
    "external_id": None,
    "via": {"channel": "email", "source": {"from": {"address": "anna@example.com", "name": "Anna"}, "to": {}, "rel": None}},
    "created_at": "2026-01-12T09:14:02Z",
    "updated_at": "2026-01-19T16:40:55Z",
    "generated_timestamp": 1768840855,
    "type": "problem",
    "subject": "Delivery %ID% came without the mounting kit",
    "raw_subject": "Delivery %ID% came without the mounting kit",
    "description": "Hello, our delivery of last Thursday came without the mounting kit. " * 4,
    "priority": "normal",
    "status": "solved",
    "requester_id": 380000001234,
    "submitter_id": 380000001234,
    "assignee_id": 380000000007,
    "organization_id": 360000000402,
    "group_id": 114094762733,
    "collaborator_ids": [],
    "has_incidents": False,
    "tags": ["delivery", "spare_parts", "vip"],
    "custom_fields": [{"id": 360000000100 + number, "value": None} for number in range(4)],
    "fields": [{"id": 360000000100 + number, "value": None} for number in range(4)],
    "satisfaction_rating": {"score": "good", "comment": "Quick help, thank you."},
    "brand_id": 114093827498,
    "allow_channelback": False,
    "metric_set": {
        "id": 1, "ticket_id": "%ID%", "reopens": 0, "replies": 3, "assignee_stations": 1, "group_stations": 1,
        "created_at": "2026-01-12T09:14:02Z", "updated_at": "2026-01-19T16:40:55Z", "solved_at": "2026-01-19T16:40:55Z",
        **{f"{name}_in_minutes": {"calendar": 154, "business": 61} for name in ("reply_time", "first_resolution_time", "full_resolution_time", "agent_wait_time", "requester_wait_time", "on_hold_time")},
    },
}  # fmt: skip
TICKET_TEXT = json.dumps(TICKET, separators=(",", ":")).replace('"%ID%"', "%ID%")


def serve(pages: int, port_file: Path) -> None:
    """Answer a cursor export of so many pages; the cursor is the number of the page."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            number = int(parse_qs(urlsplit(self.path).query).get("cursor", ["0"])[0])
            tickets = (TICKET_TEXT.replace("%ID%", str(number * PER_PAGE + each)) for each in range(PER_PAGE))
            is_last = json.dumps(number + 1 == pages)
            body = f'{{"tickets":[{",".join(tickets)}],"after_cursor":"{number + 1}","end_of_stream":{is_last}}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    port_file.with_suffix(".part").write_text(str(server.server_port))
    port_file.with_suffix(".part").rename(port_file)
    server.serve_forever()


def ingest(url: str, data: Path) -> None:
    """Extract, land and load the tickets of the server at `url`."""
    night, settings = Night(FIRST_NIGHT), Settings(data_dir=data, memory_limit=MEMORY_LIMIT, threads=1)
    zendesk = SOURCES["zendesk"]
    tickets = replace(
        zendesk, streams=tuple(stream for stream in zendesk.streams if stream.name == "tickets")
    )
    connection = SourceConnection("zendesk_default", url, "me@example.com", "token")
    extract_source(tickets, connection, night, Landing(settings.landing_dir), {})
    load_source(settings, tickets, night)


@contextmanager
def canned_vendor(pages: int, folder: Path) -> Iterator[str]:
    """Run `serve` in another process; yield its address."""
    port_file = folder / "port"
    with subprocess.Popen(
        [sys.executable, "-m", __spec__.name, "serve", str(pages), str(port_file)]
    ) as server:
        try:
            while not port_file.exists():
                if server.poll() is not None:
                    raise SystemExit("the canned vendor did not start")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port_file.read_text()}"
        finally:
            server.terminate()


def main(pages: int) -> None:
    """Print one line a run, and what a backfill of a million tickets takes."""
    print(
        f"\ntickets of {len(TICKET_TEXT):,} bytes, {PER_PAGE:,} a page, from the vendor's page to the loaded row; "
        f"one thread, {MEMORY_LIMIT} for DuckDB"
    )
    print(f"{'pages':>6} {'records':>10} {'wall s':>8} {'CPU s':>8} {'records/CPU s':>14} {'peak MB':>8}")
    for count in (pages, TIMES * pages):
        run, records = measured(count), count * PER_PAGE
        print(
            f"{count:>6,} {records:>10,} {run.wall:>8.1f} {run.cpu:>8.1f} {records / run.cpu:>14,.0f} "
            f"{run.peak_mb:>8,.0f}",
            flush=True,
        )
    ours = BACKFILL_TICKETS / records * run.wall / 60
    vendors = BACKFILL_TICKETS / PER_PAGE / EXPORTS_A_MINUTE
    print(
        f"backfill of {BACKFILL_TICKETS:,} tickets: {ours:.1f} minutes of ours, {vendors:.0f} minutes of Zendesk's: "
        f"{BACKFILL_TICKETS // PER_PAGE:,} requests at {EXPORTS_A_MINUTE} a minute"
    )


def measured(pages: int) -> Run:
    """Ingest so many pages in a process of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="valuegap-bench-") as name,
        canned_vendor(pages, Path(name)) as url,
    ):
        return measure([sys.executable, "-m", __spec__.name, "ingest", url, f"{name}/data"], os.environ)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", number, file]:
            serve(int(number), Path(file))
        case ["ingest", address, folder]:
            ingest(address, Path(folder))
        case arguments:
            main(int(arguments[0]) if arguments else PAGES)
