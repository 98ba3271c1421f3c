"""What may stand in a committed file, and what the lock files must hold."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Written so that this file does not match itself.
REGISTRY_ADDRESS = re.compile(r"py[p]i\.org|python[h]osted|registry\.n[p]mjs|deb\.debia[n]")
LOCKS = sorted([*ROOT.glob("requirements*.lock"), ROOT / "bi" / "superset" / "requirements.lock"])


def committed_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listing.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_committed_file_names_a_package_registry() -> None:
    files = committed_files()
    assert files
    assert [str(f) for f in files if REGISTRY_ADDRESS.search(f.read_text(errors="replace"))] == []


@pytest.mark.parametrize("lock_file", LOCKS, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_locked_version_has_a_hash(lock_file) -> None:
    lock = lock_file.read_text()
    requirements = re.split(r"\n(?=[a-z])", re.sub(r"(?m)^\s*#.*\n", "", lock))
    assert len(requirements) > 1
    assert [line for line in requirements if "==" in line and "--hash=sha256:" not in line] == []


def test_the_lock_holds_every_direct_dependency_and_each_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    lock = (ROOT / "requirements.lock").read_text()
    for requirement in tomllib.loads(text)["project"]["dependencies"]:
        name = re.split(r"[<>=]", requirement)[0]
        assert re.search(rf"(?m)^{re.escape(name)}==", lock), f"{name} is not locked: make lock"
        assert re.search(rf'"{re.escape(requirement)}",\s+# \S', text), (
            f"{name} has no reason beside its bound"
        )


def test_a_dev_environment_runs_the_same_versions_as_a_plain_one() -> None:
    def versions(name: str) -> set[str]:
        return set(re.findall(r"(?m)^[a-z0-9._-]+==[^ ]+", (ROOT / name).read_text()))

    assert versions("requirements.lock") <= versions("requirements-dev.lock")
    assert versions("requirements.lock") <= versions("requirements-postgres.lock")
