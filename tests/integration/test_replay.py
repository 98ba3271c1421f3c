"""Any past night can be replayed from the landing zone alone, into an empty file, with the same hashes."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.integration.ingest_runner import SOURCES, ingest_into, loaded_hashes, served_small_company
from tests.integration.night_runner import Warehouse
from tests.integration.small_company import night

from valuegap.demo.server import DemoServer

pytestmark = pytest.mark.slow

# A night, the next one, and one on which everything weekly is due.
NIGHTS = (night(0), night(1), night(9))


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with served_small_company() as server:
        yield server


@pytest.fixture(scope="module")
def nights(server, tmp_path_factory) -> tuple[Path, list[Mapping[str, str]], Warehouse]:
    """Three nights: their landing zone, what was loaded after each, and the warehouse after the second."""
    ingest = ingest_into(tmp_path_factory.mktemp("nights") / "data", server)
    loaded = []
    for number, as_of in enumerate(NIGHTS):
        ingest.run_whole(as_of)
        loaded.append(ingest.loaded)
        if number == 1:
            after_second = ingest.warehouse.copy(tmp_path_factory.mktemp("second") / "data")
    return ingest.warehouse.data_dir / "landing", loaded, after_second


def replayed(landing: Path, data_dir: Path, as_of: str) -> Warehouse:
    """Load a night into a folder that holds nothing but the landing zone; no vendor can be reached."""
    shutil.copytree(landing, data_dir / "landing")
    warehouse = Warehouse(data_dir, SOURCES)
    warehouse.run("load", "--as-of", as_of)
    return warehouse


@pytest.mark.parametrize("number", range(len(NIGHTS)))
def test_each_of_three_nights_is_loaded_anew_from_the_landing_zone_with_the_same_hashes(
    nights, tmp_path, number
) -> None:
    landing, loaded, _ = nights
    warehouse = replayed(landing, tmp_path / "data", NIGHTS[number].isoformat())
    assert loaded_hashes(warehouse) == loaded[number]


def test_the_nights_differ(nights) -> None:
    """Otherwise loading any of them would do."""
    _, loaded, _ = nights
    assert loaded[0] != loaded[1] != loaded[2]


def test_the_marts_of_a_replayed_night_are_the_same(nights, tmp_path) -> None:
    landing, _, original = nights
    as_of = NIGHTS[1].isoformat()
    rebuilt = replayed(landing, tmp_path / "data", as_of)
    for warehouse in (original, rebuilt):
        warehouse.run("build", "--as-of", as_of)
    assert marts(rebuilt) == marts(original)


def marts(warehouse: Warehouse) -> str:
    """Hash of each mart in the candidate."""
    return warehouse.run("checksum", str(warehouse.data_dir / "build" / "candidate.duckdb"))
