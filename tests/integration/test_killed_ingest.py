"""Extract and load killed with SIGKILL at random points, then run again: the tables of an undisturbed night."""

import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

import duckdb
import pytest
from tests.integration.ingest_runner import Ingest, ingest_into, served_small_company
from tests.integration.small_company import night

from valuegap.demo.server import DemoServer

pytestmark = pytest.mark.slow

# The second night comes after nine, so that everything weekly is due in it.
NIGHTS = {"first": night(0), "later": night(9)}
POINTS_A_NIGHT = 10
SEED = 5
# Streams that are read side by side do not take turns alike each time: the last lines may never come.
REACHED = 0.95


@dataclass(frozen=True)
class Undisturbed:
    """A night nobody disturbs: what stood there before it, its lines of code, and what it loads."""

    as_of: date
    before: Path
    lines: int
    loaded: Mapping[str, str]


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with served_small_company() as server:
        yield server


@pytest.fixture(scope="module")
def undisturbed(server, tmp_path_factory) -> dict[str, Undisturbed]:
    data_dir = tmp_path_factory.mktemp("undisturbed") / "data"
    data_dir.mkdir()
    nights = {}
    for name, as_of in NIGHTS.items():
        before = shutil.copytree(data_dir, data_dir.with_name(f"before-{name}"))
        ingest = ingest_into(data_dir, server)
        nights[name] = Undisturbed(as_of, before, ingest.run_whole(as_of), ingest.loaded)
    return nights


@pytest.fixture
def ingest_before(undisturbed, server, tmp_path):
    """Return the runner on a copy of what stood there before a night."""

    def copy(name: str) -> Ingest:
        return ingest_into(shutil.copytree(undisturbed[name].before, tmp_path / "data"), server)

    return copy


def fatal_line(random: Random, point: int, lines: int) -> int:
    """Draw a line from the point-th of as many equal stretches of a night as there are points."""
    share = (point + random.random()) / POINTS_A_NIGHT
    return max(1, int(share * REACHED * lines))


@pytest.mark.parametrize("point", range(POINTS_A_NIGHT))
@pytest.mark.parametrize("name", NIGHTS)
def test_a_night_killed_at_a_random_line_and_run_again_loads_what_an_undisturbed_one_does(
    undisturbed, ingest_before, name, point
) -> None:
    whole, ingest, random = undisturbed[name], ingest_before(name), Random(f"{SEED} {name} {point}")
    killed = ingest.run(whole.as_of, until=fatal_line(random, point, whole.lines))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if point % 3 == 0:  # the run that mends the first may itself be killed; near its end it outlives us
        ingest.run(whole.as_of, until=1 + fatal_line(random, point, whole.lines) // 2)
    assert_mended(ingest, whole)


@pytest.mark.parametrize(
    "function",
    [
        "_write_file",  # a landed file without its manifest
        "_write_manifest",  # landed, and not loaded
        "_insert_rows",  # rows in the table, and not in the books
        "_insert_load",  # in the books, the cursor with it, and not committed
        "_load_run",  # one stream loaded, the next one not
    ],
)
def test_a_night_killed_between_two_steps_and_run_again_loads_what_an_undisturbed_one_does(
    undisturbed, ingest_before, function
) -> None:
    whole, ingest = undisturbed["first"], ingest_before("first")
    assert ingest.run(whole.as_of, until=function).returncode == -signal.SIGKILL
    assert_mended(ingest, whole)


def assert_mended(ingest: Ingest, whole: Undisturbed) -> None:
    """Run the night again to its end, and find what an undisturbed one leaves, nothing more."""
    ingest.run_whole(whole.as_of)
    assert ingest.loaded == whole.loaded
    assert [path for path in ingest.warehouse.data_dir.rglob("*") if path.suffix in {".tmp", ".wal"}] == []


def test_the_nights_that_are_killed_load_every_source_and_fill_the_quarantine(undisturbed, tmp_path) -> None:
    """Otherwise two empty tables would be found equal."""
    with duckdb.connect(str(undisturbed["later"].before / "build" / "build.duckdb"), read_only=True) as build:
        sources = build.execute("select distinct source from ops.loads where loaded_rows > 0").fetchall()
        assert {source for (source,) in sources} == {"hubspot", "salesforce", "zendesk", "qualtrics"}
        assert build.execute("select count(*) from ops.quarantine").fetchone() > (0,)
    changed = {
        table
        for table, digest in undisturbed["later"].loaded.items()
        if digest != undisturbed["first"].loaded[table]
    }
    assert changed >= {"raw_hubspot.contacts", "raw_zendesk.tickets", "raw_qualtrics.responses"}
