"""What dbt itself says about the project: its manifest."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from valuegap.settings import Settings

PROJECT = Settings().dbt_project_dir
Node = Mapping[str, Any]


def run_dbt(
    *arguments: str, work_dir: Path, build_file: Path, candidate_file: Path
) -> subprocess.CompletedProcess[str]:
    """Run a dbt command on the real project; what it writes about itself goes to `work_dir`."""
    return subprocess.run(
        [
            sys.executable, "-c", "from dbt.cli.main import cli; cli()", *arguments,
            "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
            "--target-path", str(work_dir / "target"), "--log-path", str(work_dir / "logs"), "--no-use-colors",
        ],
        env={
            "PATH": os.environ["PATH"],
            "VALUEGAP_BUILD_FILE": str(build_file),
            "VALUEGAP_CANDIDATE_FILE": str(candidate_file),
        },
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Manifest:
    """The nodes of the project by their unique id."""

    nodes: Mapping[str, Node]

    @classmethod
    def parsed(cls, work_dir: Path) -> Self:
        """Parse the project anew."""
        nowhere = work_dir / "nowhere.duckdb"  # parsing opens no database
        finished = run_dbt("parse", work_dir=work_dir, build_file=nowhere, candidate_file=nowhere)
        assert finished.returncode == 0, finished.stdout[-4000:]
        document = json.loads((work_dir / "target" / "manifest.json").read_text())
        return cls(document["nodes"] | document["sources"])

    def marts(self) -> dict[str, Node]:
        """Return the models that are published, by name."""
        models = (node for node in self.nodes.values() if node["resource_type"] == "model")
        return {node["name"]: node for node in models if node["fqn"][1] == "marts"}

    def tests_of(self, model: str, *, kind: str | None = None) -> list[Node]:
        """Return the generic tests that stand in a model's YAML."""
        return [
            node
            for node in self._tests()
            if node.get("attached_node") == f"model.valuegap.{model}"
            and kind in {None, node["test_metadata"]["name"]}
        ]

    def read_by(self, node: Node) -> Iterable[Node]:
        """Return the models, seeds and sources a node reads, in order of name."""
        return sorted(
            (self.nodes[name] for name in node["depends_on"]["nodes"]), key=lambda read: read["name"]
        )

    def _tests(self) -> Iterator[Node]:
        return (node for node in self.nodes.values() if node.get("test_metadata"))
