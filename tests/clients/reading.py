"""Runs a client of somebody else's in a process of its own, and takes in what it read."""

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from valuegap.demo.server import DemoServer

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-clients" / "bin" / "python"


@dataclass(frozen=True)
class Reading:
    """What a client read, by stream, and where answers did not fit its vendor's specification."""

    records: Mapping[str, Sequence[Any]]
    misfits: Mapping[str, int]
    checked_bodies: int


def client_python() -> Path:
    """Return the Python of the environment with other people's clients; skip where it is not installed."""
    if not PYTHON.exists():
        assert "CI" not in os.environ, "make test installs the clients, and CI runs make test"
        pytest.skip("the clients are not installed: make .venv-clients/.installed")
    return PYTHON


def read_with_client(server: DemoServer, vendor: str, *arguments: str) -> Reading:
    """Let the vendor's client read the server; `arguments` follow the vendor's address."""
    command = [client_python(), HERE / f"read_{vendor}.py", f"{server.base_url}/{vendor}", *arguments]
    process = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert process.returncode == 0, process.stderr[-3000:]
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    records: dict[str, list[Any]] = defaultdict(list)
    for line in lines:
        if "stream" in line:
            records[line["stream"]].append(line["record"])
    misfits = {line["misfit"]: line["times"] for line in lines if "misfit" in line}
    (checked,) = [line["checked_bodies"] for line in lines if "checked_bodies" in line]
    return Reading(records, misfits, checked)


def without_nulls(value: Any) -> Any:
    """Return the same value without keys that hold nothing: a client fills in all it knows of."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value
