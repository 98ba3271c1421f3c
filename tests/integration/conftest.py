"""Nights that several tests look at, each run once."""

from collections.abc import Iterator, Mapping

import pytest
from tests.integration.night_runner import FIRST, SECOND, Warehouse, serve

from valuegap.demo.company import FIRST_NIGHT
from valuegap.demo.plans import write_plans


@pytest.fixture(scope="session")
def first_night_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Variables to read the demo company with, as it stands after its first night."""
    folder = tmp_path_factory.mktemp("first")
    with serve(folder, "--as-of", FIRST, "--speed", "1000") as connections:
        yield {**connections, **write_plans(folder, FIRST_NIGHT)}


@pytest.fixture(scope="session")
def second_night_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Variables to read the demo company with, as it stands after its second night."""
    folder = tmp_path_factory.mktemp("second")
    with serve(folder, "--as-of", SECOND, "--speed", "1000") as connections:
        yield {**connections, **write_plans(folder, FIRST_NIGHT)}


@pytest.fixture(scope="session")
def after_first_night(
    tmp_path_factory: pytest.TempPathFactory, first_night_company: Mapping[str, str]
) -> Warehouse:
    """Warehouse with the first night published. Read it; work on a `copy`."""
    warehouse = Warehouse(tmp_path_factory.mktemp("night") / "data", first_night_company)
    warehouse.run("nightly", "--as-of", FIRST)
    return warehouse


@pytest.fixture(scope="session")
def after_second_night(
    tmp_path_factory: pytest.TempPathFactory,
    after_first_night: Warehouse,
    second_night_company: Mapping[str, str],
) -> Warehouse:
    """Warehouse with the first two nights published."""
    copied = after_first_night.copy(tmp_path_factory.mktemp("nights") / "data")
    warehouse = Warehouse(copied.data_dir, second_night_company)
    warehouse.run("nightly", "--as-of", SECOND)
    return warehouse
