"""A night killed with SIGKILL in any stage, then run again, ends where an undisturbed one ends."""

import os
import random
import shutil
import signal
import time

import pytest
from tests.integration.night_runner import SECOND, Warehouse

STAGES = {
    "extract": ["ingest", "hubspot", "--as-of", SECOND],
    "load": ["load", "--as-of", SECOND],
    "build": ["build", "--as-of", SECOND],
    "publish": ["publish", "--as-of", SECOND],
}


def kill_at(warehouse: Warehouse, arguments: list[str], seconds: float) -> bool:
    """Start a stage and kill its whole process group after a while; say whether it was still running."""
    process = warehouse.start(*arguments)
    time.sleep(seconds)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return alive


def seconds_of(warehouse: Warehouse, arguments: list[str]) -> float:
    """How long a stage takes undisturbed."""
    started = time.monotonic()
    warehouse.run(*arguments)
    return time.monotonic() - started


@pytest.mark.slow
def test_a_killed_night_run_again_gives_the_same_marts(
    after_first_night, after_second_night, second_night_company, tmp_path
) -> None:
    chance = random.Random(20260201)
    killed = 0
    for stage, arguments in STAGES.items():
        rehearsal = Warehouse(
            after_first_night.copy(tmp_path / f"rehearsal-{stage}").data_dir, second_night_company
        )
        prepare(stage, rehearsal)
        length = seconds_of(rehearsal, arguments)
        shutil.rmtree(rehearsal.data_dir)
        for attempt in range(2):
            victim = Warehouse(
                after_first_night.copy(tmp_path / f"{stage}-{attempt}").data_dir, second_night_company
            )
            prepare(stage, victim)
            killed += kill_at(victim, arguments, chance.uniform(0.3, 0.95) * length)
            victim.run("nightly", "--as-of", SECOND)
            assert victim.hashes() == after_second_night.hashes(), f"{stage} killed, attempt {attempt}"
            assert not list(victim.data_dir.rglob("*.tmp")), "a killed run left a half-written file behind"
            shutil.rmtree(victim.data_dir)
    assert killed >= 6, "most kills came too late to disturb anything"


def prepare(stage: str, warehouse: Warehouse) -> None:
    """Bring a warehouse to where the stage begins."""
    if stage == "load":
        shutil.rmtree(warehouse.data_dir / "build")
    if stage in ("build", "publish"):
        for source in ("hubspot", "zendesk", "qualtrics"):
            warehouse.run("ingest", source, "--as-of", SECOND)
    if stage == "publish":
        warehouse.run("build", "--as-of", SECOND)
        warehouse.run("check", "marts", "--as-of", SECOND)
