"""Nights of one vendor as an operator would see them: read, load, and run again what a fault stopped."""

import re
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from random import Random
from types import MappingProxyType

import duckdb
import pytest
from tests.oracle.history import FIRST, NIGHTS
from tests.oracle.oracle import Reading, Table, differences

from valuegap import nightly
from valuegap.demo.faults import BEHAVIOURS, FAULTS, ArmedFault
from valuegap.demo.mutation_log import Mutation, company_of
from valuegap.demo.server import UNLIMITED, DemoServer, demo_connections, serve
from valuegap.errors import SourceError
from valuegap.night import Night
from valuegap.settings import Settings
from valuegap.sources import extract
from valuegap.sources.client import Client, Limits
from valuegap.sources.connection import SourceConnection

MOST_RUNS_A_NIGHT = 20
A_REQUEST_TAKES = timedelta(seconds=1)
PATIENCE = Limits(silence_seconds=1.0, answer_bytes=64 * 2**20, download_bytes=64 * 2**20)
"""A vendor that says nothing for a second is silent, and 64 MB are a bomb: tests wait for nothing."""


class PatientTime:
    """Time that moves when somebody waits."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds

    def monotonic(self) -> float:
        return self._now


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client's waits take no time."""
    clock = PatientTime()
    patient = partial(Client, sleep=clock.sleep, monotonic=clock.monotonic, limits=PATIENCE)
    monkeypatch.setattr(extract, "Client", patient)


@dataclass
class Nights:
    """The warehouse of a company that has one vendor, night after night."""

    source: str
    server: DemoServer
    settings: Settings
    oauth: Mapping[str, str]
    readings: list[Reading] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)

    def run(self, number: int, *, faults: Sequence[ArmedFault] = (), is_run_again: bool = True) -> None:
        """Read and load night `number` (from 1), with these faults; again until it is whole, unless told not to.

        `stops` gets the line of every run that did not come to its end.
        """
        night, connection = Night(as_of(number)), self._connection(number)
        self.server.clock.move_to(night.as_of_date)
        self.server.clock.tick = A_REQUEST_TAKES
        for fault in faults:
            self.server.faults.arm(fault)
        start = self.server.clock.now
        runs = (self._is_read(night, connection) for _ in range(MOST_RUNS_A_NIGHT if is_run_again else 1))
        is_whole = any(runs)
        nightly.load(self.settings, self.source, night)
        assert is_whole or not is_run_again, f"night {number} does not come to its end: {self.stops[-1]}"
        self.server.faults.disarm()
        self.readings.append(Reading(night.as_of_date, start, self.server.clock.now))

    def _connection(self, number: int) -> SourceConnection:
        """Show a token that lasts on odd nights, and on even ones get one by OAuth, where the vendor has both."""
        connection = self.settings.connection(f"{self.source}_default")
        if number % 2 or not self.oauth:
            return connection
        return replace(connection, login="", password="", extra={**connection.extra, **self.oauth})

    def _is_read(self, night: Night, connection: SourceConnection) -> bool:
        try:
            nightly.extract(self.settings, self.source, night, connection=connection)
        except SourceError as error:
            self.stops.append(str(error))
            return False
        return True

    def differences(
        self, tables: Sequence[Table], staging: Mapping[str, str], log: Sequence[Mutation]
    ) -> list[str]:
        """Return what staging as of the last night has too little, too much, or different."""
        found = []
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach '{self.settings.build_file}' as build (read_only)")
            self._stage(connection, staging)
            for table in tables:
                rows = rows_of(connection, f"select * from staging.{table.name}")
                found += differences(table, rows, table.expect(log, self.readings))
        return found

    def _stage(self, connection: duckdb.DuckDBPyConnection, staging: Mapping[str, str]) -> None:
        """Make the views of this source's staging models, as of the last night, those that read another last."""
        connection.execute("create schema staging")
        own = [(name, sql) for name, sql in staging.items() if name.startswith(f"stg_{self.source}__")]
        for name, sql in sorted(own, key=lambda model: model[1].count('"staging".')):
            query = sql.replace(PLACEHOLDER, str(self.readings[-1].as_of)).replace(
                '"build"."staging".', "staging."
            )
            connection.execute(f"create view staging.{name} as {query}")

    @property
    def struck(self) -> set[str]:
        """Names of the faults that have happened."""
        return {name for _, name in self.server.faults.counts}

    def quarantined(self) -> dict[tuple[str, str], str]:
        """Return by stream and id why records stand in quarantine."""
        with duckdb.connect(str(self.settings.build_file), read_only=True) as connection:
            rows = connection.execute("select stream, record, reason from ops.quarantine").fetchall()
        return {(stream, _id_in(record)): reason for stream, record, reason in rows}


@dataclass(frozen=True)
class Places:
    """Where a vendor's faults wait: at any of `paths`; `paged` is a list of several pages, to spoil their order."""

    source: str
    paths: tuple[str, ...]
    paged: str

    @property
    def own(self) -> list[str]:
        """Misbehaviour of this vendor alone."""
        return sorted(name for name in BEHAVIOURS if name.startswith(self.source))

    def faults(self, number: int, struck: Collection[str]) -> list[ArmedFault]:
        """Return every fault there is and every misbehaviour of the vendor, at seeded points of one night.

        First come those that fit few answers and, in the second half of the nights, those that have not
        `struck` yet.
        """
        random = Random(f"{self.source} {number}")
        names = random.sample(sorted(FAULTS.keys() - OF_PAGES), len(FAULTS) - len(OF_PAGES))
        pages = random.sample(sorted(OF_PAGES), len(OF_PAGES))
        overdue = [name for name in names if number > NIGHTS // 2 and name not in struck]
        anywhere = [""] * len(self.paths)
        return [
            *(ArmedFault(name, self.source) for name in (*self.own, *overdue)),
            *(ArmedFault(name, self.source, self.paged) for name in pages),
            *(
                ArmedFault(name, self.source, random.choice((*anywhere, *self.paths)), random.randrange(2))
                for name in names
            ),
        ]


OF_PAGES = frozenset({"empty_page", "repeated_page", "cursor_backwards", "short_page", "duplicate_record"})


def as_of(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


def rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, object]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    for row in cursor.fetchall():
        yield dict(zip(names, row, strict=True))


def _id_in(record: str) -> str:
    """Return the id of a record that may be no JSON at all."""
    found = re.search(r'"(?:id|responseId|Id)"\s*:\s*"?([\w-]+)', record)
    return found[1] if found else record[:80]


PLACEHOLDER = "1999-12-31"
"""The as-of date the staging models are compiled with, to be replaced by a night's."""


@contextmanager
def nights_of(
    source: str, log: Sequence[Mutation], folder: Path, oauth: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Nights]:
    """Serve the company of a log and yield its empty warehouse in `folder`."""
    with serve(company_of(log), as_of=as_of(1), speed=UNLIMITED) as server:
        settings = Settings(data_dir=folder, environment=demo_connections(server.base_url))
        yield Nights(source, server, settings, oauth)
