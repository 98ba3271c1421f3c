"""A night killed with SIGKILL in any stage, then run again, ends where an undisturbed one ends."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.night_runner import SECOND, Warehouse

pytestmark = pytest.mark.slow


def landing_has_begun(data: Path) -> bool:
    return (data / "landing" / "hubspot" / "deals" / f"night-{SECOND}").exists()


def rows_are_being_loaded(data: Path) -> bool:
    return (data / "build" / "build.duckdb.wal").exists()


def the_purchase_model_is_being_fitted(data: Path) -> bool:
    return (data / "build" / "dbt" / "target" / "run_results.json").exists()


def a_mart_is_being_written(data: Path) -> bool:
    return (data / "build" / "candidate.duckdb.wal").exists()


def a_version_is_coming_in(data: Path) -> bool:
    return (data / "published" / ".incoming.duckdb").exists()


def kill_when(warehouse: Warehouse, arguments: list[str], begun: Callable[[Path], bool]) -> None:
    """Start a stage and kill its whole process group once it is at work."""
    process = warehouse.start(*arguments)
    while not begun(warehouse.data_dir):
        assert process.poll() is None, "the stage ended before it could be disturbed"
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def prepare(stage: str, warehouse: Warehouse) -> None:
    """Bring a warehouse to where the stage begins."""
    if stage == "load":
        shutil.rmtree(warehouse.data_dir / "build")
    if stage == "fit":  # dbt leaves it when its first run is over
        (warehouse.data_dir / "build" / "dbt" / "target" / "run_results.json").unlink()
    if stage in ("fit", "build", "publish"):
        for source in ("hubspot", "zendesk", "qualtrics"):
            warehouse.run("ingest", source, "--as-of", SECOND)
    if stage == "publish":
        warehouse.run("build", "--as-of", SECOND)
        warehouse.run("check", "marts", "--as-of", SECOND)


@pytest.mark.parametrize(
    ("stage", "arguments", "begun"),
    [
        ("extract", ["ingest", "hubspot"], landing_has_begun),
        ("load", ["load"], rows_are_being_loaded),
        ("fit", ["build"], the_purchase_model_is_being_fitted),
        ("build", ["build"], a_mart_is_being_written),
        ("publish", ["publish"], a_version_is_coming_in),
    ],
    ids=["extract", "load", "fit", "build", "publish"],
)
def test_a_killed_night_run_again_gives_the_same_marts(  # noqa: PLR0913, PLR0917
    after_first_night, after_second_night, second_night_company, tmp_path, stage, arguments, begun
) -> None:
    night = Warehouse(after_first_night.copy(tmp_path / "data").data_dir, second_night_company)
    prepare(stage, night)
    kill_when(night, [*arguments, "--as-of", SECOND], begun)
    night.run("nightly", "--as-of", SECOND)
    assert night.hashes() == after_second_night.hashes()
    left_behind = [
        path for path in night.data_dir.rglob("*") if path.name.endswith((".tmp", ".wal", ".incoming.duckdb"))
    ]
    assert left_behind == []
