"""The real dbt project, built from rows written by hand."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode: test folders are no packages

from raw_fixture import NIGHT, fill_small_company

from valuegap import warehouse
from valuegap.night import Night
from valuegap.publish.promote import prepare_candidate
from valuegap.settings import Settings

PROJECT = Settings().dbt_project_dir


def build_models(settings: Settings, as_of: date, **variables: str) -> None:
    """Build seeds and models without their tests, which `make test` runs once, on the demo company."""
    prepare_candidate(settings)
    night = Night(as_of)
    variables = {"as_of_date": as_of.isoformat(), "run_id": night.run_id, "config_hash": "test"} | variables
    work_dir = settings.build_file.parent / "dbt"
    finished = subprocess.run(
        [
            sys.executable, "-c", "from dbt.cli.main import cli; cli()", "build",
            "--exclude", "resource_type:test", "resource_type:unit_test",
            "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
            "--target-path", str(work_dir / "target"), "--log-path", str(work_dir / "logs"),
            "--vars", json.dumps(variables), "--no-use-colors",
        ],
        env={
            "PATH": os.environ["PATH"],
            "VALUEGAP_BUILD_FILE": str(settings.build_file),
            "VALUEGAP_CANDIDATE_FILE": str(settings.candidate_file),
        },
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-4000:]


@contextmanager
def marts(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the candidate to read."""
    with duckdb.connect(str(settings.candidate_file), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Marts of the small company of `raw_fixture`, as of its night."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("small_company"))
    with warehouse.writer(settings) as connection:
        fill_small_company(connection)
    build_models(settings, NIGHT)
    return settings


@pytest.fixture(scope="session")
def project() -> Path:
    """The dbt project's folder."""
    return PROJECT
