"""One run of the real dbt project on a warehouse of a test."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from valuegap.night import Night
from valuegap.publish.promote import prepare_candidate
from valuegap.settings import Settings

PROJECT = Settings().dbt_project_dir


def build_models(
    settings: Settings,
    as_of: date,
    select: Sequence[str] = ("*",),
    project: Path = PROJECT,
    **variables: object,
) -> None:
    """Build seeds and models without their tests: those run whenever a night is built. `select` says which.

    `project` may be a copy of ours whose seeds say something else.
    """
    prepare_candidate(settings)
    night = Night(as_of)
    variables = {"as_of_date": as_of.isoformat(), "run_id": night.run_id, "config_hash": "test"} | variables
    work_dir = settings.build_file.parent / "dbt"
    finished = subprocess.run(
        [
            sys.executable, "-c", "from dbt.cli.main import cli; cli()", "build",
            "--select", *select, "--exclude", "resource_type:test", "resource_type:unit_test",
            "--project-dir", str(project), "--profiles-dir", str(project),
            "--target-path", str(work_dir / "target"), "--log-path", str(work_dir / "logs"),
            "--vars", json.dumps(variables), "--no-use-colors",
        ],
        env={
            "PATH": os.environ["PATH"],
            "VALUEGAP_BUILD_FILE": str(settings.build_file),
            "VALUEGAP_CANDIDATE_FILE": str(settings.candidate_file),
        },
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-4000:]
