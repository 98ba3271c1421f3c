"""Nights of the small company, extracted and loaded by a process that may be killed, and what they loaded."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from tests.integration.night_runner import ROOT, Warehouse
from tests.integration.small_company import night, small_company

from valuegap.demo.server import UNLIMITED, DemoServer, demo_connections, serve
from valuegap.publish.checksum import table_hashes

# The hash of a manifest, which holds the time it was written at.
NOT_CONTENT = ("manifest_sha256",)
SOURCES = {"VALUEGAP_SOURCES": "hubspot,salesforce,zendesk,qualtrics"}


@contextmanager
def served_small_company() -> Iterator[DemoServer]:
    """Serve the small company as of its first night; move its clock to get to another."""
    with serve(small_company(), as_of=night(0), speed=UNLIMITED) as server:
        yield server


@dataclass(frozen=True)
class Ingest:
    """Runs nights of a served company into a data folder."""

    server: DemoServer
    warehouse: Warehouse

    def run(self, as_of: date, *, until: int | str = 0) -> "subprocess.CompletedProcess[str]":
        """Extract and load a night until a point in valuegap's code, as `mortal_ingest` takes it."""
        self.server.clock.move_to(as_of)
        return subprocess.run(
            [sys.executable, "-m", "tests.integration.mortal_ingest", as_of.isoformat(), str(until)],
            cwd=ROOT, env=self.warehouse.environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def run_whole(self, as_of: date) -> int:
        """Extract and load a night to its end, and return how many lines of valuegap's code ran."""
        process = self.run(as_of)
        assert process.returncode == 0, process.stderr
        return int(process.stdout)

    @property
    def loaded(self) -> Mapping[str, str]:
        """Content hash of every table the loader fills."""
        return loaded_hashes(self.warehouse)


def ingest_into(data_dir: Path, server: DemoServer) -> Ingest:
    """Return the runner of nights of a served company into a folder."""
    return Ingest(server, Warehouse(data_dir, {**demo_connections(server.base_url), **SOURCES}))


def loaded_hashes(warehouse: Warehouse) -> Mapping[str, str]:
    """Content hash of each raw table and each table of `ops` the loader fills, by schema and name."""
    file = warehouse.data_dir / "build" / "build.duckdb"
    with duckdb.connect(str(file), read_only=True) as build:
        schemas = [
            name
            for (name,) in build.execute(
                "select distinct schema_name from duckdb_tables() where schema_name like 'raw_%' or schema_name = 'ops'"
            ).fetchall()
        ]
    return {
        f"{schema}.{table}": digest
        for schema in schemas
        for table, digest in table_hashes(file, schema, NOT_CONTENT).items()
    }
