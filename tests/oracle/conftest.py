"""The real staging models, compiled once, and time that nobody has to wait for."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

import pytest
from tests.oracle.nights import PLACEHOLDER, no_waiting

from valuegap import warehouse
from valuegap.settings import Settings

__all__ = ["no_waiting", "staging"]

PROJECT = Settings().dbt_project_dir


@pytest.fixture(scope="session")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """SQL of every staging model, by name, as dbt makes it; its as-of date is a placeholder.

    A staging model is a view: its SQL, run on a build warehouse, is the table.
    """
    folder = tmp_path_factory.mktemp("staging")
    project = folder / "project"
    for part in ("macros", "tests/generic", "models/staging"):  # nothing above staging: that takes dbt longer
        shutil.copytree(PROJECT / part, project / part)
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / file, project)
    settings = Settings(data_dir=folder)
    with warehouse.writer(settings):
        pass  # raw tables, empty
    finished = subprocess.run(
        [
            sys.executable, "-c", "from dbt.cli.main import cli; cli()", "compile", "--select", "staging",
            "--project-dir", str(project), "--profiles-dir", str(project),
            "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
            "--vars", json.dumps({"as_of_date": PLACEHOLDER}), "--no-use-colors", "--quiet",
        ],
        env={
            "PATH": os.environ["PATH"],
            "VALUEGAP_BUILD_FILE": str(settings.build_file),
            "VALUEGAP_CANDIDATE_FILE": str(settings.candidate_file),
        },
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-4000:]
    compiled = (folder / "target" / "compiled" / "valuegap" / "models" / "staging").rglob("stg_*.sql")
    return {file.stem: file.read_text() for file in compiled}
